"""Reading the parameters of public REST calls."""

from collections.abc import Mapping

from lib.venue.auth import mandatory
from lib.venue.refusals import Refusal

Params = Mapping[str, str]


def integer(params: Params, name: str) -> int | None:
    """Return an optional integer parameter.

    Raises:
        Refusal: -1102 when it is not an integer.
    """
    text = params.get(name)
    if text is None or text == "":
        return None
    if not text.removeprefix("-").isdigit():
        raise Refusal(-1102, mandatory(name))
    return int(text)


def limited(params: Params, default: int, most: int) -> int:
    """Return `limit`.

    Raises:
        Refusal: -1130 outside 1..most.
    """
    limit = integer(params, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise Refusal(-1130)
    return limit


def within(time_ms: int, start: int | None, end: int | None) -> bool:
    """Return whether a time lies between two optional bounds, both included."""
    return (start is None or time_ms >= start) and (end is None or time_ms <= end)

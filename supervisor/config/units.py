"""Types of the configuration that YAML does not have: durations, ranges, rates, limits."""

from typing import Any

from lib.durations import EXAMPLE, delays, rate, seconds, span
from lib.errors import ConfigError
from lib.sizes import EXAMPLE as SIZES
from lib.sizes import size
from supervisor.judges.watch import LEARNED


class Duration(float):
    """Seconds; written `3s`."""

    def __new__(cls, value: object) -> "Duration":
        """Read what a user wrote."""
        return super().__new__(cls, seconds(value))


class Limit(float):
    """Longest age in seconds; `LEARNED`, or 0 for not watched; written `3s`, `learned`, `off`."""

    def __new__(cls, value: object) -> "Limit":
        """Read what a user wrote; YAML takes `off` for false."""
        if value is False or value == "off":
            return super().__new__(cls, 0.0)
        if value == "learned":
            return super().__new__(cls, LEARNED)
        try:
            return super().__new__(cls, seconds(value))
        except ConfigError as error:
            if " has no unit" in error.message:
                raise
            raise ConfigError(
                f"{value!r} is no limit; write a duration like 3s, `learned`, or `off`"
            ) from None


class Size(int):
    """Bytes; written `10MB`."""

    def __new__(cls, value: object) -> "Size":
        """Read what a user wrote."""
        return super().__new__(cls, size(value))


class Delay:
    """Latency; written `20ms`, `[10ms, 30ms]` (drawn from), or `rows.txt` (one number a line)."""

    def __init__(self, value: object) -> None:
        """Read what a user wrote: seconds, a list of them, or a file's name."""
        self.value = delays(value)


class Span:
    """First and last seconds of a range; written `0..30s`."""

    def __init__(self, value: object) -> None:
        """Read what a user wrote."""
        self.first, self.last = span(value)


class Rate:
    """A number of times in some seconds; written `10 in 60s`."""

    def __init__(self, value: object) -> None:
        """Read what a user wrote."""
        self.count, self.window = rate(value)


UNITS: dict[type, dict[str, Any]] = {
    Duration: {"type": ["string", "integer"], "description": f"duration: {EXAMPLE}, or 0"},
    Limit: {"type": ["string", "integer", "boolean"], "description": "duration, learned or off"},
    Size: {"type": ["string", "integer"], "description": f"size: {SIZES}, or 0"},
    Delay: {
        "type": ["string", "integer", "array"],
        "description": "duration, list of durations, or file with one number of seconds per line",
    },
    Span: {"type": ["string", "integer"], "description": "range of durations: 0..30s"},
    Rate: {"type": "string", "description": "rate: 10 in 60s"},
}
"""Type -> its JSON schema."""


def read_unit(kind: type, value: Any) -> Any:
    """Return a value of one of `UNITS` (msgspec's `dec_hook`).

    Raises:
        ValueError: It is written wrongly.
        NotImplementedError: There is no such type.
    """
    if kind not in UNITS:
        raise NotImplementedError(kind)
    if isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ConfigError as error:
        raise ValueError(error.message) from None


def describe_unit(kind: type) -> dict[str, Any]:
    """Return the JSON schema of one of `UNITS` (msgspec's `schema_hook`).

    Raises:
        NotImplementedError: There is no such type.
    """
    if kind not in UNITS:
        raise NotImplementedError(kind)
    return UNITS[kind]

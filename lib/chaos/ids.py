"""Whose order a client id names, read from the id alone (pure).

Written apart from the code that makes the ids: the oracle must not believe what it judges.
"""

import calendar
import re
import zlib

_FORM = re.compile(
    r"(?P<owner>[0-9a-f]{8})-(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"\.(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)\.(?P<micro>\d{6})(?:\.(?P<attempt>\d+))?",
    re.ASCII,
)
_FIELDS = ("year", "month", "day", "hour", "minute", "second")


def mark_of(project: str, owner: str) -> str:
    """Return the eight digits that begin every order id of `<bot>:<SYMBOL>`."""
    bot, _, symbol = owner.rpartition(":")
    text = "\0".join((project, symbol, bot))
    return f"{zlib.crc32(text.encode()):08x}"


class Owners:
    """Finds the owner of an order.

    Args:
        project: Name of the run.
        owners: All `<bot>:<SYMBOL>` of the run.
    """

    def __init__(self, project: str, owners: list[str]) -> None:
        """Compute every owner's mark."""
        self._by_mark = {mark_of(project, owner): owner for owner in owners}

    def of(self, client_id: str) -> str:
        """Return the owner of an order, "" when it is not ours."""
        found = _FORM.fullmatch(client_id)
        return self._by_mark.get(found["owner"], "") if found else ""


def base(client_id: str) -> str:
    """Return an id without the number of a later attempt."""
    found = _FORM.fullmatch(client_id)
    if found is None or found["attempt"] is None:
        return client_id
    return client_id.rpartition(".")[0]


def made_at(client_id: str) -> int:
    """Return when an id was made, ns since the epoch; 0 when it is not of our form."""
    found = _FORM.fullmatch(client_id)
    if found is None:
        return 0
    seconds = calendar.timegm(tuple(int(found[name]) for name in _FIELDS))
    return (seconds * 1_000_000 + int(found["micro"])) * 1_000

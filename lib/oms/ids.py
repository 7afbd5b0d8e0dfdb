"""Client order ids: who sent the order, and when (pure logic).

An id is `<8 hex digits>-<YYYYmmdd.HHMMSS.ffffff>`: CRC-32 of project, symbol and bot, then the UTC
time of its making. It fits the exchange's 36 characters and uses none that would need quoting in a
signed request. Later attempts of one order go out as `<id>.2`, `<id>.3`.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from lib.errors import ConfigError

_US_PER_SECOND = 1_000_000
_NS_PER_US = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LENGTH = 8 + 1 + 15 + 1 + 6
"""Characters of an id's first attempt."""
REMEMBERED = 4_096
"""Ids whose parts are kept: every order's id is asked for several times, and parsing takes long."""
_PATTERN = re.compile(
    r"([0-9a-f]{8})-(\d{4})(\d\d)(\d\d)\.(\d\d)(\d\d)(\d\d)\.(\d{6})(?:\.([2-9]))?", re.ASCII
)


class ClientId(NamedTuple):
    """The parts of a client order id."""

    prefix: str
    """8 hex digits: the owner."""
    time_ns: int
    """When it was made, ns since the epoch."""
    attempt: int
    """1, or more for a later attempt of the same order."""


def split_owner(owner: str) -> tuple[str, str]:
    """Return (bot name, symbol) of an owner `<bot name>:<SYMBOL>`."""
    bot, _, symbol = owner.rpartition(":")
    return bot, symbol


def prefix_of(project: str, owner: str) -> str:
    """Return the 8 hex digits that start every id of `owner` (`<bot name>:<SYMBOL>`)."""
    bot, symbol = split_owner(owner)
    return format(crc32("\0".join((project, symbol, bot)).encode()), "08x")


@lru_cache(REMEMBERED)
def parse(text: str) -> ClientId | None:
    """Return the parts of an id of ours, None for anything else."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    prefix, *parts, micros, attempt = match.groups()
    year, month, day, hour, minute, second = map(int, parts)
    try:
        # an order waits for this: strptime takes ten times as long
        made = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    time_us = round((made - _EPOCH).total_seconds()) * _US_PER_SECOND + int(micros)
    return ClientId(prefix, time_us * _NS_PER_US, int(attempt or 1))


def intent_id(text: str) -> str:
    """Return the id without the number of a later attempt."""
    if len(text) == LENGTH:
        return text
    parts = parse(text)
    return text[:-2] if parts is not None and parts.attempt > 1 else text


def check_prefixes(project: str, owners: Iterable[str]) -> dict[str, str]:
    """Return prefix -> owner.

    Raises:
        ConfigError: Two owners share a prefix, so that their orders could not be told apart.
    """
    found: dict[str, str] = {}
    for owner in owners:
        prefix = prefix_of(project, owner)
        other = found.setdefault(prefix, owner)
        if other != owner:
            raise ConfigError(
                f"bots {other} and {owner} would share the order id prefix {prefix}; "
                "rename one of them"
            )
    return found


class ClientIds:
    """Makes the ids of one owner, each greater than all before, also when the clock steps back.

    Args:
        project: Name of the run.
        owner: `<bot name>:<SYMBOL>`.
        highest: An id of this owner that must stay below all new ones; "" for none.
    """

    def __init__(self, project: str, owner: str, highest: str = "") -> None:
        """Start above `highest`."""
        self.prefix = prefix_of(project, owner)
        self._last_us = 0
        self._second = -1
        self._head = ""
        self.stay_above(highest)

    def stay_above(self, highest: str) -> None:
        """Make every later id greater than `highest`, if that is an id of this owner."""
        parts = parse(highest)
        if parts is not None and parts.prefix == self.prefix:
            self._last_us = max(self._last_us, parts.time_ns // _NS_PER_US)

    def next(self, now_ns: int) -> str:
        """Return a new id for the time `now_ns` (ns since the epoch)."""
        self._last_us = max(now_ns // _NS_PER_US, self._last_us + 1)
        second, micros = divmod(self._last_us, _US_PER_SECOND)
        if second != self._second:
            self._second = second
            self._head = f"{self.prefix}-{datetime.fromtimestamp(second, UTC):%Y%m%d.%H%M%S}."
        return f"{self._head}{micros:06d}"


def made_ns(text: str) -> int:
    """Return when an id was made, ns since the epoch; 0 for an id that is not ours."""
    parts = parse(text)
    return parts.time_ns if parts is not None else 0

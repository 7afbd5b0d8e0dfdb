"""Gives records of one series different times, so that none overwrites another (pure)."""

from collections import OrderedDict
from collections.abc import Hashable

REMEMBERED = 10_000
"""Times kept; two fills of one millisecond come close together."""


class UniqueTimes:
    """Moves a time by some ns when its series has had it before."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        """Start having seen nothing."""
        self._remembered = remembered
        self._next: OrderedDict[tuple[Hashable, int], int] = OrderedDict()

    def make(self, series: Hashable, time_ns: int) -> int:
        """Return `time_ns`, or the next free ns after it within the series."""
        key = (series, time_ns)
        offset = self._next.get(key, 0)
        # The moved time is taken, too: somebody may come with exactly that one.
        while offset and (series, time_ns + offset) in self._next:
            offset += 1
        self._remember(key, offset + 1)
        if offset:
            self._remember((series, time_ns + offset), 1)
        return time_ns + offset

    def _remember(self, key: tuple[Hashable, int], offset: int) -> None:
        self._next[key] = offset
        self._next.move_to_end(key)
        if len(self._next) > self._remembered:
            self._next.popitem(last=False)

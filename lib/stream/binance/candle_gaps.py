"""Minutes whose closing candle never came (pure logic)."""

from lib.bus.protocol import Candle
from lib.constants import NS_PER_MINUTE, NS_PER_SECOND

GRACE_NS = 3 * NS_PER_SECOND
"""A closing frame may come a second after its minute, and after the next minute's first one."""
RETRY_NS = 10 * NS_PER_SECOND
MAX_TRIES = 3
"""The exchange may have no such candle: then the gap stays visible."""
MAX_MINUTES = 60
"""Longer gaps are not filled: whoever needs an hour's history asks for candles."""


class CandleGaps:
    """Notices missing candles by the ones that follow them."""

    def __init__(self) -> None:
        """Start having seen nothing."""
        self._closed: dict[str, int] = {}
        self._missing: dict[str, dict[int, tuple[int, int]]] = {}
        # symbol -> minute -> (when to ask for it, how often it was asked for)
        self.found = 0

    def see(self, candle: Candle, now_ns: int) -> None:
        """Take note of one candle, finished or not.

        Args:
            candle: As it came.
            now_ns: CLOCK_BOOTTIME.
        """
        symbol, open_ns = candle.symbol, candle.open_ns
        missing = self._missing.setdefault(symbol, {})
        missing.pop(open_ns if candle.finished else -1, None)
        last_ns = self._closed.get(symbol)
        if last_ns is not None:
            first_ns = max(last_ns + NS_PER_MINUTE, open_ns - MAX_MINUTES * NS_PER_MINUTE)
            for minute_ns in range(first_ns, open_ns, NS_PER_MINUTE):
                missing.setdefault(minute_ns, (now_ns + GRACE_NS, 0))
            self._closed[symbol] = max(last_ns, open_ns - NS_PER_MINUTE)
        if candle.finished:
            self._closed[symbol] = max(self._closed.get(symbol, 0), open_ns)

    def due(self, now_ns: int) -> list[tuple[str, int, int]]:
        """Return (symbol, first, last minute) of what is overdue and should be fetched now.

        What stays missing comes again after a while, some times.
        """
        overdue = []
        for symbol, missing in self._missing.items():
            minutes = [minute for minute, (due_ns, _) in missing.items() if now_ns >= due_ns]
            if minutes:
                overdue.append((symbol, min(minutes), max(minutes)))
            for minute in minutes:
                self._note_try(missing, minute, now_ns)
        return overdue

    def _note_try(self, missing: dict[int, tuple[int, int]], minute: int, now_ns: int) -> None:
        tries = missing[minute][1] + 1
        self.found += tries == 1
        if tries == MAX_TRIES:
            del missing[minute]
        else:
            missing[minute] = (now_ns + RETRY_NS, tries)

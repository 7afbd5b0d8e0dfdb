"""One-minute candles of one symbol, built from its trades (pure)."""

from collections import deque
from decimal import Decimal
from typing import NamedTuple

from lib.constants import NS_PER_MINUTE
from lib.models import ZERO

KEPT = 3000


class Minute(NamedTuple):
    """One candle; `open_ns` is the start of its minute."""

    open_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Minutes:
    """Grows with the trades; a minute without trades is flat.

    Args:
        history: Finished candles from before, ascending.
    """

    def __init__(self, history: list[Minute]) -> None:
        """Start with the history."""
        self.rows: deque[Minute] = deque(history, maxlen=KEPT)
        self.prices: list[Decimal] = []
        """Of the open minute's trades; the run appends to both lists."""
        self.quantities: list[Decimal] = []
        self.open_ns = 0
        self._close = history[-1].close if history else None

    def roll(self, now_ns: int) -> Minute | None:
        """Finish the open minute if it is over at `now_ns`; return it, if anything is known.

        Call it at least once a minute.
        """
        minute_ns = now_ns - now_ns % NS_PER_MINUTE
        if minute_ns == self.open_ns:
            return None
        finished = self.growing() if self.open_ns else None
        if finished is not None:
            self.rows.append(finished)
            self._close = finished.close
        self.prices.clear()
        self.quantities.clear()
        self.open_ns = minute_ns
        return finished

    def growing(self) -> Minute | None:
        """Return the open minute as it is so far, None while no price is known."""
        prices = self.prices
        if prices:
            volume = sum(self.quantities, ZERO)
            return Minute(self.open_ns, prices[0], max(prices), min(prices), prices[-1], volume)
        close = self._close
        return None if close is None else Minute(self.open_ns, close, close, close, close, ZERO)

    def between(self, start_ns: int, end_ns: int) -> list[Minute]:
        """Return finished and open candles that start in [start, end), ascending."""
        rows = [row for row in self.rows if start_ns <= row.open_ns < end_ns]
        last = self.growing()
        if last is not None and self.open_ns and start_ns <= last.open_ns < end_ns:
            rows.append(last)
        return rows

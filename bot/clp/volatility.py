"""The average true range of finished one-minute candles (pure)."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from bot.clp.config import VolatilityConfig
from lib.constants import NS_PER_MINUTE
from lib.models import ZERO


class Candle(NamedTuple):
    """A finished minute: `start_ns` since the epoch, prices."""

    start_ns: int
    high: Decimal
    low: Decimal
    close: Decimal


class Volatility:
    """A rolling window of candles without holes.

    Args:
        config: See `VolatilityConfig`.
    """

    def __init__(self, config: VolatilityConfig) -> None:
        """Know nothing."""
        self._config = config
        # The first one gives the close before the first true range.
        self._candles: deque[Candle] = deque(maxlen=config.window + 1)
        self._atr: Decimal | None = None

    def atr(self, now_ns: int) -> Decimal | None:
        """Return the mean true range as a fraction of the last close, None while unknown.

        It is unknown until the window is full, and once the newest candle is too old.

        Args:
            now_ns: Time since the epoch.
        """
        if self._atr is None or now_ns - self._candles[-1].start_ns > self._config.max_age_ns:
            return None
        return self._atr

    def span(self, now_ns: int) -> tuple[int, int]:
        """Return [start, end) of the candles that fill the window, ns since the epoch."""
        end_ns = now_ns // NS_PER_MINUTE * NS_PER_MINUTE
        return end_ns - (self._config.window + 1) * NS_PER_MINUTE, end_ns

    def load(self, candles: Iterable[Candle]) -> None:
        """Begin anew with history, oldest first."""
        self._candles.clear()
        for candle in candles:
            self._append(candle)
        self._measure()

    def add(self, candle: Candle) -> None:
        """Take in a finished candle; after a hole everything before it is forgotten."""
        if self._candles and candle.start_ns < self._candles[-1].start_ns:
            return
        self._append(candle)
        self._measure()

    def _append(self, candle: Candle) -> None:
        if self._candles:
            gap_ns = candle.start_ns - self._candles[-1].start_ns
            if gap_ns == 0:
                # Told again, and better: the first may have been read a moment too early.
                self._candles.pop()
            elif gap_ns != NS_PER_MINUTE:
                self._candles.clear()
        self._candles.append(candle)

    def _measure(self) -> None:
        self._atr = None
        if len(self._candles) <= self._config.window:
            return
        ranges = (true_range(candle, before.close) for before, candle in pairwise(self._candles))
        self._atr = sum(ranges, ZERO) / self._config.window / self._candles[-1].close


def true_range(candle: Candle, close_before: Decimal) -> Decimal:
    """Return how far the price moved within a minute, the jump into it included."""
    return max(
        candle.high - candle.low, abs(candle.high - close_before), abs(candle.low - close_before)
    )

"""Figures of an equity curve, one value at a time (pure)."""

import math
from decimal import Decimal

from lib.constants import NS_PER_SECOND
from lib.models import ZERO

YEAR_SECONDS = 365 * 86_400
"""Crypto markets never close."""


class EquityStats:
    """Profit, drawdown and risk-adjusted return.

    A return is the change of the equity between two values, as a fraction of the first equity of
    all. Sharpe and Sortino ratios are mean over (downside) deviation of the returns, annualised
    by the square root of the number of values in a year of 365 days; the deviations divide by the
    number of returns, less one for Sharpe. No risk-free rate is subtracted.

    Args:
        first: Equity at the start.
        now_ns: Time of the start.
    """

    def __init__(self, first: Decimal, now_ns: int) -> None:
        """Start with one value."""
        self.first = self.last = self.peak = first
        self.max_drawdown = ZERO
        self.max_drawdown_fraction = 0.0
        self.longest_drawdown_ns = 0
        """Longest time between a peak and the next higher value, or the end."""
        self._start_ns = self._peak_ns = self._last_ns = now_ns
        self._count = 0
        self._mean = self._squares = self._downside = 0.0

    def add(self, equity: Decimal, now_ns: int) -> None:
        """Take in the next value."""
        if self.first:
            change = equity - self.last
            self._add_return(float(change / self.first) if change else 0.0)
        self.last, self._last_ns = equity, now_ns
        if equity > self.peak:
            self.peak, self._peak_ns = equity, now_ns
            return
        self.longest_drawdown_ns = max(self.longest_drawdown_ns, now_ns - self._peak_ns)
        drawdown = self.peak - equity
        self.max_drawdown = max(self.max_drawdown, drawdown)
        if self.peak > 0:
            fraction = float(drawdown / self.peak)
            self.max_drawdown_fraction = max(self.max_drawdown_fraction, fraction)

    @property
    def profit(self) -> Decimal:
        """Last equity minus the first."""
        return self.last - self.first

    @property
    def total_return(self) -> float:
        """Profit as a fraction of the first equity."""
        return float(self.profit / self.first) if self.first else 0.0

    @property
    def sharpe(self) -> float:
        """Annualised Sharpe ratio, 0 where the equity never moved."""
        if self._count < 2 or self._squares <= 0:
            return 0.0
        return self._mean / math.sqrt(self._squares / (self._count - 1)) * self._per_year()

    @property
    def sortino(self) -> float:
        """Annualised Sortino ratio, 0 where the equity never fell."""
        if not self._downside:
            return 0.0
        return self._mean / math.sqrt(self._downside / self._count) * self._per_year()

    def _per_year(self) -> float:
        seconds = (self._last_ns - self._start_ns) / NS_PER_SECOND
        return math.sqrt(YEAR_SECONDS * self._count / seconds) if seconds > 0 else 0.0

    def _add_return(self, value: float) -> None:
        self._count += 1
        before = value - self._mean
        self._mean += before / self._count
        self._squares += before * (value - self._mean)
        if value < 0:
            self._downside += value * value

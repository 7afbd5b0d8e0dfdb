"""The mean of the newest values (pure)."""

from collections import deque
from decimal import Decimal

from lib.models import ZERO


class RollingMean:
    """Keeps the newest values and their sum.

    Args:
        window: How many.
        least: How many it takes for a mean.
    """

    def __init__(self, window: int, least: int = 1) -> None:
        """Start without a value."""
        self._values: deque[Decimal] = deque()
        self._window = window
        self._least = min(least, window)
        self._sum = ZERO

    @property
    def mean(self) -> Decimal | None:
        """Mean of the window, None while there are too few values."""
        count = len(self._values)
        return self._sum / count if count >= self._least else None

    def add(self, value: Decimal) -> None:
        """Take in a value; the oldest one goes."""
        self._values.append(value)
        self._sum += value
        if len(self._values) > self._window:
            self._sum -= self._values.popleft()

"""From values to places in a chart, and the ticks at its edges (pure)."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

STEPS = (1, 2, 5, 10)
TIME_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
    172_800, 604_800,
)  # fmt: skip
"""Seconds between two ticks of a time axis."""


class Scale:
    """Maps [low, high] to [first, last] pixels.

    Args:
        low: Smallest value.
        high: Largest value; a span of 0 is widened.
        first: Place of the smallest.
        last: Place of the largest.
    """

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        """Widen what is flat."""
        if high <= low:
            pad = abs(low) * 0.001 or 1.0
            low, high = low - pad, high + pad
        self.low, self.high = low, high
        self._first = first
        self._factor = (last - first) / (high - low)

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self._first + (value - self.low) * self._factor


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round values within [low, high], about `count` of them."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in STEPS if each * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def time_ticks(low_ns: float, high_ns: float, count: int = 6) -> list[float]:
    """Return round moments within [low, high], ns since the epoch."""
    rough = (high_ns - low_ns) / 1e9 / count
    step_ns = next((each for each in TIME_STEPS if each >= rough), TIME_STEPS[-1]) * 10**9
    first = -(-int(low_ns) // step_ns)
    return [float(number * step_ns) for number in range(first, int(high_ns) // step_ns + 1)]


def time_text(time_ns: float, span_ns: float) -> str:
    """Return a moment as an axis shows it: the date where days pass, seconds where few do."""
    moment = datetime.fromtimestamp(time_ns / 1e9, UTC)
    if span_ns > 2 * 86_400e9:
        return f"{moment:%b %d}"
    return f"{moment:%H:%M:%S}" if span_ns < 600e9 else f"{moment:%H:%M}"


def number_text(value: float, neighbours: Sequence[float] = ()) -> str:
    """Return a number with the digits that tell it from its neighbours."""
    if value == 0:
        return "0"
    span = max(neighbours) - min(neighbours) if len(neighbours) > 1 else abs(value)
    step = span / max(1, len(neighbours) - 1)
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:,.{min(digits, 8)}f}"

"""Where the two prices of a spread level belong (pure)."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from bot.clp.config import LevelConfig

ONE = Decimal(1)


class Touch(NamedTuple):
    """The best levels of the book."""

    bid: Decimal
    ask: Decimal

    @property
    def mid(self) -> Decimal:
        """Return the price halfway between them."""
        return (self.bid + self.ask) / 2


class Prices(NamedTuple):
    """Prices of one level, and the centre from which they were worked out."""

    buy: Decimal
    sell: Decimal
    centre: Decimal


class Quoting:
    """Symmetric prices about a centre that leans away from the inventory.

    Args:
        skew: Fraction of the mid by which the centre moves at full exposure; 0 = not at all.
        tick: Smallest price step.
    """

    def __init__(self, skew: Decimal, tick: Decimal) -> None:
        """Take the two numbers."""
        self._skew = skew
        self._tick = tick

    def centre(self, mid: Decimal, share: Decimal) -> Decimal:
        """Return the reservation price: lower than the mid when long, higher when short.

        Args:
            mid: Of the book.
            share: Signed inventory as a part of the allowed exposure; beyond 1 it counts as 1.
        """
        return mid * (1 - self._skew * max(-ONE, min(ONE, share)))

    def prices(self, level: LevelConfig, centre: Decimal, touch: Touch) -> Prices:
        """Return a level's prices on the tick.

        Half-width = width x (1 - gap) / 2 of the centre; buys are rounded up, sells down. They
        stay `min_width` apart, on their own side of the centre, and never cross the book.
        """
        half = centre * level.width * (1 - level.gap) / 2
        buy, sell = self._ceil(centre - half), self._floor(centre + half)
        least = centre * level.min_width
        if sell - buy < least:
            buy, sell = self._floor(centre - least / 2), self._ceil(centre + least / 2)
        tick = self._tick
        buy = min(buy, self._ceil(centre) - tick, touch.ask - tick)
        sell = max(sell, self._floor(centre) + tick, touch.bid + tick)
        return Prices(buy, sell, centre)

    def _floor(self, price: Decimal) -> Decimal:
        return (price / self._tick).to_integral_value(ROUND_FLOOR) * self._tick

    def _ceil(self, price: Decimal) -> Decimal:
        return (price / self._tick).to_integral_value(ROUND_CEILING) * self._tick

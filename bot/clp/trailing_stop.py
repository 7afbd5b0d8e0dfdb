"""The stop price of a position: it follows the market one way only (pure)."""

from decimal import Decimal

from bot.clp.break_even import zero_price
from bot.clp.config import InventoryConfig
from bot.clp.position import same_entry
from lib.helpers import round_down, round_up
from lib.models import ZERO


class TrailingStop:
    """Trails the mid at a distance; closer once there is a profit; never loosens.

    A change of the entry price or of the side begins anew.

    Args:
        config: Fees and profits.
        tick: Smallest price step.
    """

    def __init__(self, config: InventoryConfig, tick: Decimal) -> None:
        """Guard nothing."""
        self._config = config
        self._tick = tick
        self._is_long = False
        self.entry = ZERO
        """Entry price of the guarded position, 0 for none."""
        self.price: Decimal | None = None
        """Stop price on the tick, None while unknown."""

    def restore(self, qty: Decimal, entry: Decimal, price: Decimal | None) -> None:
        """Go on guarding a position from a known stop price."""
        self._is_long, self.entry, self.price = qty > 0, entry, price if qty else None

    def follow(self, qty: Decimal, entry: Decimal, mid: Decimal, distance: Decimal | None) -> None:
        """Take in position and market.

        Args:
            qty: Signed position.
            entry: Its entry price.
            mid: Of the book.
            distance: Of the stop, as a fraction of the price; None while unknown.
        """
        if not qty:
            self.entry, self.price = ZERO, None
            return
        if (qty > 0) is not self._is_long or not same_entry(entry, self.entry):
            self._is_long, self.entry, self.price = qty > 0, entry, None
        if distance is None:
            return
        if self.price is None:
            self._tighten(self._behind(entry, distance))
        if self.is_profit(qty, mid):
            distance = min(distance, self._config.trailing_profit)
        self._tighten(self._behind(mid, distance))

    def is_hit(self, mid: Decimal) -> bool:
        """Return whether the market has reached the stop."""
        if self.price is None:
            return False
        return mid <= self.price if self._is_long else mid >= self.price

    def is_profit(self, qty: Decimal, mid: Decimal) -> bool:
        """Return whether the price is beyond break-even and the minimal profit."""
        profit = self._config.minimal_profit
        zero = self.zero(qty)
        return mid >= zero * (1 + profit) if qty > 0 else mid <= zero * (1 - profit)

    def zero(self, qty: Decimal) -> Decimal:
        """Return the guarded position's break-even price."""
        return zero_price(qty, self.entry, self._config.maker_fee, self._config.taker_fee)

    def _behind(self, price: Decimal, distance: Decimal) -> Decimal:
        if self._is_long:
            return max(self._tick, round_down(price * (1 - distance), self._tick))
        return round_up(price * (1 + distance), self._tick)

    def _tighten(self, price: Decimal) -> None:
        if self.price is None:
            self.price = price
        else:
            self.price = max(self.price, price) if self._is_long else min(self.price, price)

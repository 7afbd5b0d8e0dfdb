"""How much may still be posted on each side (pure)."""

from decimal import Decimal

from bot.clp.open_orders import OpenOrders
from bot.clp.position import Position
from lib.constants import Side


class Exposure:
    """Position and everything that may still fill, against the allowed exposure.

    Orders that are being cancelled, and those of unknown fate, count until they are final.

    Args:
        max_usd: Allowed worth of one side, in the quote asset.
    """

    def __init__(self, max_usd: Decimal) -> None:
        """Take the limit."""
        self._max_usd = max_usd

    def rooms(
        self, position: Position, orders: OpenOrders, mid: Decimal, now_ns: int
    ) -> dict[Side, Decimal]:
        """Return the base quantity that may be posted on each side; may be negative."""
        allowed = self._max_usd / mid
        return {
            side: allowed - position.worst(side, now_ns) - orders.left(side)
            for side in (Side.BUY, Side.SELL)
        }

    def share(self, qty: Decimal, mid: Decimal) -> Decimal:
        """Return a signed position as a part of the allowed exposure."""
        return qty * mid / self._max_usd

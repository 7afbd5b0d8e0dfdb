"""The bot's own orders that may still trade (pure)."""

from dataclasses import dataclass
from decimal import Decimal

from lib.constants import OrderType, Side
from lib.models import ZERO, Update


@dataclass(slots=True)
class OpenOrder:
    """One order that is not known to be final.

    Args:
        id: Client order id.
        side: Its side.
        price: Limit or trigger price, 0 for MARKET.
        left: Base quantity that may still trade.
        reduce_only: It can only shrink the position.
        stop: A conditional order.
        leaving: Its cancel was asked for.
    """

    id: str
    side: Side
    price: Decimal
    left: Decimal
    reduce_only: bool = False
    stop: bool = False
    leaving: bool = False


class OpenOrders:
    """Every own order from its Post until it is final, whoever has posted it."""

    def __init__(self) -> None:
        """Know of none."""
        self._orders: dict[str, OpenOrder] = {}

    def add(self, order: OpenOrder) -> None:
        """Take in an order that was just posted."""
        self._orders[order.id] = order

    def on_update(self, update: Update) -> bool:
        """Take in an order's news; return whether it is an order that nobody here has posted."""
        if update.status.is_final:
            self._orders.pop(update.id, None)
            return False
        known = self._orders.get(update.id)
        if known is not None:
            known.left = update.qty - update.filled_qty
            return False
        self._orders[update.id] = OpenOrder(
            update.id,
            update.side,
            update.price,
            update.qty - update.filled_qty,
            update.reduce_only,
            update.type is OrderType.STOP_MARKET,
        )
        return True

    def quotes(self) -> list[OpenOrder]:
        """Return what adds risk."""
        return [order for order in self._orders.values() if not order.reduce_only]

    def stops(self) -> list[OpenOrder]:
        """Return protective stops whose cancel was not asked for yet."""
        return [order for order in self._orders.values() if order.stop and not order.leaving]

    def left(self, side: Side) -> Decimal:
        """Return the base quantity that may still add to one side."""
        return sum((order.left for order in self.quotes() if order.side is side), ZERO)

    def leave(self, ids: list[str]) -> list[str]:
        """Mark orders as leaving; return those that were not yet."""
        orders = [self._orders[key] for key in ids if key in self._orders]
        new = [order for order in orders if not order.leaving]
        for order in new:
            order.leaving = True
        return [order.id for order in new]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._orders)

"""A bot's order as it will be sent: of a kind, rounded, within the product's limits (pure)."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from lib.constants import OrderType, Side
from lib.errors import OrderRejected
from lib.exchange.rounding import check_notional, check_price, check_qty, round_price, round_qty
from lib.helpers import side_of
from lib.models import ZERO, Order, Rules


class Prepared(NamedTuple):
    """What is sent of an order."""

    side: Side
    type: OrderType
    qty: Decimal
    """Unsigned, rounded down to the step."""
    price: Decimal
    """Rounded to the tick; 0 for MARKET."""


def prepare(rules: Rules, order: Order, touch: Callable[[Side], Decimal]) -> Prepared:
    """Return an order, rounded and checked.

    Args:
        rules: The product's.
        order: What the bot wants.
        touch: Returns the price at which a MARKET order of a side would trade, 0 = unknown.

    Raises:
        OrderRejected: It is outside the product's limits, or a stop without a price.
    """
    side = side_of(order.qty)
    kind = _kind_of(order)
    qty = round_qty(rules, order.qty)
    price = ZERO if order.price is None else round_price(rules, side, order.price)
    check_qty(rules, kind, qty)
    if order.price is not None:
        check_price(rules, price)
    if not order.reduce_only:
        check_notional(rules, qty, price or touch(side))
    return Prepared(side, kind, qty, price)


def _kind_of(order: Order) -> OrderType:
    if order.stopmarket and order.price is None:
        raise OrderRejected("a conditional order needs its trigger price")
    if order.stopmarket:
        return OrderType.STOP_MARKET
    return OrderType.MARKET if order.price is None else OrderType.LIMIT

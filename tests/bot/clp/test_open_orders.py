from decimal import Decimal

from bot.clp.open_orders import OpenOrder, OpenOrders
from lib.constants import OrderType, Side, Status
from lib.models import ZERO
from tests.bot.clp.orders import update


def make(*sides: Side) -> OpenOrders:
    orders = OpenOrders()
    for number, side in enumerate(sides, 1):
        orders.add(OpenOrder(f"order {number}", side, Decimal(100), Decimal(number)))
    return orders


def test_what_may_still_trade_is_summed_by_side() -> None:
    orders = make(Side.BUY, Side.BUY, Side.SELL)

    assert orders.left(Side.BUY) == 3
    assert orders.left(Side.SELL) == 3


def test_fills_shrink_what_is_left_and_the_end_removes_it() -> None:
    orders = make(Side.BUY)
    orders.on_update(update(status=Status.PARTIALLY_FILLED, filled_qty=Decimal("0.4")))
    assert orders.left(Side.BUY) == Decimal("0.6")

    orders.on_update(update(status=Status.CANCELED))
    assert len(orders) == 0


def test_an_order_of_unknown_fate_counts() -> None:
    orders = make(Side.BUY)
    orders.on_update(update(status=Status.UNKNOWN))

    assert orders.left(Side.BUY) == 1


def test_a_leaving_order_counts_until_it_is_gone_and_leaves_once() -> None:
    orders = make(Side.BUY, Side.SELL)

    assert orders.leave(["order 1", "stranger"]) == ["order 1"]
    assert orders.leave(["order 1", "order 2"]) == ["order 2"]
    assert orders.left(Side.BUY) == 1


def test_a_stranger_is_told_apart_once() -> None:
    orders = make()

    assert orders.on_update(update("stranger"))
    assert not orders.on_update(update("stranger"))
    assert not orders.on_update(update("other", status=Status.FILLED))


def test_what_only_reduces_adds_no_risk() -> None:
    orders = make()
    orders.on_update(update("stop", reduce_only=True, type=OrderType.STOP_MARKET))
    orders.on_update(update("close", reduce_only=True, type=OrderType.MARKET))

    assert orders.left(Side.BUY) == ZERO
    assert orders.quotes() == []
    assert [order.id for order in orders.stops()] == ["stop"]
    orders.leave(["stop"])
    assert orders.stops() == []

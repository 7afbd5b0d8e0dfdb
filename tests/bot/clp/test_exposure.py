from decimal import Decimal

import pytest

from bot.clp.exposure import Exposure
from bot.clp.open_orders import OpenOrder, OpenOrders
from bot.clp.position import Position
from lib.constants import Side

MID = Decimal(100)
"""1,000 in the quote asset are 10."""


@pytest.mark.parametrize(
    ("position", "buys", "sells", "buy_room", "sell_room"),
    [
        ("0", "0", "0", "10", "10"),
        ("0", "3", "4", "7", "6"),
        ("4", "3", "0", "3", "14"),  # long 4 leaves 6, of which 3 are on offer
        ("-4", "0", "3", "14", "3"),
        ("12", "0", "0", "-2", "22"),  # beyond the limit only the way back is open
    ],
)
def test_room_is_what_position_and_open_orders_leave(
    position: str, buys: str, sells: str, buy_room: str, sell_room: str
) -> None:
    held, orders = Position(), OpenOrders()
    held.on_account(MID, Decimal(position), 0)
    orders.add(OpenOrder("buy", Side.BUY, MID, Decimal(buys)))
    orders.add(OpenOrder("sell", Side.SELL, MID, Decimal(sells), leaving=True))

    rooms = Exposure(Decimal(1_000)).rooms(held, orders, MID, 0)

    assert rooms == {Side.BUY: Decimal(buy_room), Side.SELL: Decimal(sell_room)}


def test_the_share_is_signed() -> None:
    assert Exposure(Decimal(1_000)).share(Decimal(-5), MID) == Decimal("-0.5")

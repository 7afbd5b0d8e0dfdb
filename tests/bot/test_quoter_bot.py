from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.quoter_bot import REFUSED_NS, QuoterBot
from lib.constants import NS_PER_SECOND, Side, Status
from lib.models import Update
from lib.timer import VirtualTimer
from tests.bot.market import MemoryExchange, MemoryLogger, make_factory, make_timer


class Desk:
    """A quoter, its exchange, and the market around it."""

    def __init__(self, **config: Any) -> None:
        self.timer: VirtualTimer = make_timer()
        self.bot = QuoterBot({"symbol": "BTCUSDT", **config}, make_factory(), self.timer)
        self.exchange = MemoryExchange.last

    def book(self, mid: float = 50_000.0, symbol: str = "BTCUSDT") -> None:
        price = Decimal(str(mid))
        half = Decimal("0.5")
        self.bot.onOrderbook(price + half, half, price - half, half, symbol, "X", 0, 0)

    def update(self, client_id: str, status: Status, **changes: Any) -> None:
        self.bot.onOrder(replace(self.exchange.orders[client_id], status=status, **changes))

    def prices(self, side: Side) -> list[Decimal]:
        return [order.price for order in self.exchange.posted(side)]


@pytest.fixture
def desk() -> Desk:
    return Desk(hysteresis="0.3")


def test_one_order_is_posted_on_each_side_of_the_mid(desk: Desk) -> None:
    desk.book()
    desk.book()

    assert desk.prices(Side.BUY) == [Decimal("49975")]
    assert desk.prices(Side.SELL) == [Decimal("50025")]
    assert desk.exchange.posted(Side.BUY)[0].qty == Decimal("0.003")
    assert desk.bot.note == "2 quotes 5.0 bps from mid, position 0, 0 fills"


def test_quotes_move_with_the_book_only_after_the_old_ones_are_gone(desk: Desk) -> None:
    desk.book()
    desk.book(50_020)
    desk.book(50_030)
    assert desk.exchange.cancelled == ["order 1", "order 2"]
    assert len(desk.exchange.orders) == 2

    desk.update("order 1", Status.CANCELED)
    desk.book(50_030)

    assert len(desk.prices(Side.BUY)) == 2
    assert len(desk.prices(Side.SELL)) == 1


def test_small_moves_leave_the_quotes_alone(desk: Desk) -> None:
    desk.book()
    desk.book(50_005)

    assert desk.exchange.cancelled == []


def test_a_filled_quote_is_replaced_and_counted(desk: Desk) -> None:
    desk.book()
    desk.update("order 1", Status.FILLED, fill_qty=Decimal("0.003"), fill_price=Decimal(49_975))
    desk.bot.onAccount(Decimal(49_975), Decimal("0.003"), "BTCUSDT", "X", 0)
    desk.book()

    assert len(desk.prices(Side.BUY)) == 2
    assert desk.bot.note.endswith("position 0.003, 1 fills")


def test_an_unknown_order_keeps_its_side_closed(desk: Desk) -> None:
    desk.book()
    desk.update("order 1", Status.UNKNOWN)
    desk.book()
    desk.book()

    assert len(desk.prices(Side.BUY)) == 1


@pytest.mark.parametrize(("position", "sides"), [("0.015", {Side.SELL}), ("-0.014", {Side.BUY})])
def test_no_quote_takes_the_position_beyond_its_limit(
    desk: Desk, position: str, sides: set[Side]
) -> None:
    desk.bot.onAccount(Decimal(1), Decimal(position), "BTCUSDT", "X", 0)
    desk.book()

    assert {order.side for order in desk.exchange.orders.values()} == sides


def test_nothing_is_quoted_while_the_exchange_is_not_online(desk: Desk) -> None:
    desk.exchange.online = False
    desk.book()
    assert desk.exchange.orders == {}

    desk.exchange.online = True
    desk.book()
    desk.exchange.online = False
    desk.bot.onTime(0)
    desk.bot.onTime(0)

    assert desk.exchange.cancelled == ["order 1", "order 2"]
    assert desk.bot.note.endswith("offline")


def test_trouble_takes_the_quotes_away_at_once(desk: Desk) -> None:
    desk.book()
    desk.exchange.online = False
    desk.bot.onStatus("online", healthy=False, reason="book is stale")

    assert desk.exchange.cancelled == ["order 1", "order 2"]


@pytest.mark.parametrize("status", [Status.REJECTED, Status.NOT_SENT, Status.NOT_PLACED])
def test_a_refused_side_pauses(desk: Desk, status: Status) -> None:
    desk.book()
    desk.update("order 1", status, reason="margin")
    desk.book()
    assert len(desk.prices(Side.BUY)) == 1

    desk.timer.advance(REFUSED_NS / NS_PER_SECOND)
    desk.book()

    assert len(desk.prices(Side.BUY)) == 2


def test_what_the_rules_forbid_is_logged_and_pauses(desk: Desk) -> None:
    desk.exchange.refusal = "too small"
    desk.book()
    desk.exchange.refusal = ""
    desk.book()

    assert desk.exchange.orders == {}
    assert ("WARNING", "refused") in [line[:2] for line in MemoryLogger.lines]


def test_orders_of_a_former_life_are_cancelled(desk: Desk) -> None:
    desk.book()
    stranger: Update = replace(desk.exchange.orders["order 1"], id="stranger")
    desk.bot.onOrder(stranger)
    desk.bot.onOrder(replace(stranger, status=Status.CANCELED))

    assert desk.exchange.cancelled == ["stranger"]


def test_watched_symbols_are_not_traded(desk: Desk) -> None:
    desk.book(symbol="ETHUSDT")
    desk.bot.onAccount(Decimal(1), Decimal(9), "ETHUSDT", "X", 0)

    assert desk.exchange.orders == {}
    assert "position 0" in desk.bot.note


def test_clean_cancels_everything(desk: Desk) -> None:
    desk.book()
    desk.bot.Clean()

    assert desk.exchange.cancelled == [None]

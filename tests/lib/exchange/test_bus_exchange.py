from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib.bus.protocol import Book, Header, Request, encode_reply
from lib.constants import KEY, NS_PER_MINUTE, OrderType, Side, Status
from lib.errors import ExchangeUnavailable, OrderRejected, OrderUnknown
from lib.exchange.bus_desk import Desk
from lib.exchange.bus_exchange import BusExchange
from lib.exchange.replies import Outcome, pack_outcomes
from lib.factory import SandboxFactory
from lib.models import Order
from lib.timer import VirtualTimer
from tests.contracts.exchange import ExchangeContract
from tests.lib.exchange.fake_worker import (
    LIFE,
    ORDER_TOPIC,
    OWNER,
    PROJECT,
    hello_values,
    order,
    position,
    snapshot,
)

NOW_NS = 1_800_000_000_000_000_000
BOOK = Book("BTCUSDT", "50001", "2", "50000", "3", "BINANCE.FUTURES", 77, 1, 0)


class ScriptedHost:
    """A process around the exchange whose exchange worker answers from a script, at `wait`."""

    def __init__(self, timer: VirtualTimer) -> None:
        self.timer = timer
        self.sent: list[Request] = []
        self.is_there = True
        self.script: dict[str, list[Any]] = {"hello": ["ok", *hello_values()]}
        self.desk = Desk(PROJECT, OWNER, LIFE, self.send, 0)
        self._open: list[tuple[bytes, Request]] = []

    def send(self, request_id: bytes, request: Request) -> bool:
        if self.is_there:
            self.sent.append(request)
            self._open.append((request_id, request))
        return self.is_there

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        end_ns = self.timer.Monotonic() + seconds * 1e9
        while not done() and self.timer.Monotonic() < end_ns:
            self.refresh()
            self.timer.advance(0.1)
        return done()

    def refresh(self) -> None:
        self.desk.tick(self.timer.Monotonic())
        opened, self._open = self._open, []
        for request_id, request in opened:
            if request.method in self.script:
                payload = encode_reply(*self.script[request.method])
                self.desk.on_reply(request_id, payload, self.timer.Monotonic())

    def intents(self) -> list[list[Any]]:
        return [row for one in self.sent if one.method == "post" for row in one.args[0]]


@pytest.fixture
def host() -> ScriptedHost:
    return ScriptedHost(VirtualTimer(NOW_NS))


@pytest.fixture
def exchange(host: ScriptedHost) -> BusExchange:
    factory = SandboxFactory({})
    factory.Exchange = BusExchange.bound_to(host)
    made = factory.Exchange({"symbol": "BTCUSDT"}, factory, host.timer)
    assert isinstance(made, BusExchange)
    return made


def test_rules_are_waited_for_in_a_constructor(exchange: BusExchange) -> None:
    assert exchange.getTick() == Decimal("0.1")
    assert exchange.getMinQty() == Decimal("0.001")


def test_without_an_answer_rules_are_unavailable(host: ScriptedHost, exchange: BusExchange) -> None:
    host.script.clear()

    with pytest.raises(ExchangeUnavailable):
        exchange.getTick()


@pytest.mark.parametrize(
    ("qty", "arguments", "intent"),
    [
        ("0.0109", {"price": Decimal("50000.19")}, ["BUY", "0.010", "50000.1", False]),
        ("-0.0109", {"price": Decimal("50000.11")}, ["SELL", "0.010", "50000.2", False]),
        ("0.01", {}, ["BUY", "0.01", "", False]),
        (
            "-0.01",
            {"price": Decimal(40000), "stopmarket": True, "reduce_only": True},
            ["SELL", "0.01", "40000", True],
        ),
    ],
)
def test_orders_leave_rounded(
    host: ScriptedHost, exchange: BusExchange, qty: str, arguments: dict[str, Any],
    intent: list[Any],
) -> None:  # fmt: skip
    host.desk.on_book(BOOK, 1)
    host.desk.market_ns = 77
    client_id = exchange.Post(Decimal(qty), tag="word", **arguments)

    (row,) = host.intents()
    assert row[0] == client_id
    assert row[1:6] == ["BTCUSDT", *intent]
    assert row[8:] == ["word", 77]


def test_ids_are_made_at_once_and_grow(host: ScriptedHost, exchange: BusExchange) -> None:
    ids = [exchange.Post(Decimal("0.01"), Decimal(50_000)) for _ in range(3)]

    assert ids == sorted(set(ids))
    assert all(key.startswith(host.desk.ids.prefix) for key in ids)
    assert [update.id for update in exchange.open_orders()] == ids


@pytest.mark.parametrize(
    ("qty", "price"),
    [("0.0009", "50000"), ("0.001", "50000"), ("0.01", "0.01"), ("5000", "50000"), ("0", "1")],
)
def test_what_the_rules_forbid_is_refused_before_anything_is_sent(
    host: ScriptedHost, exchange: BusExchange, qty: str, price: str
) -> None:
    with pytest.raises(OrderRejected):
        exchange.Post(Decimal(qty), Decimal(price))

    assert host.intents() == []


def test_a_market_order_is_valued_by_the_book_and_a_closing_one_not_at_all(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    host.desk.on_book(BOOK, 1)
    with pytest.raises(OrderRejected):
        exchange.Post(Decimal("0.001"))

    exchange.Post(Decimal("0.001"), reduce_only=True)

    assert len(host.intents()) == 1


def test_a_stop_needs_its_trigger(exchange: BusExchange) -> None:
    with pytest.raises(OrderRejected, match="trigger"):
        exchange.Post(Decimal("0.01"), stopmarket=True)


def test_a_list_leaves_as_one_request_or_not_at_all(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    good = Order(Decimal("0.01"), Decimal(50_000), post_only=True)
    ids = exchange.PostList([good, Order(Decimal("-0.01"), Decimal(51_000))])
    with pytest.raises(OrderRejected):
        exchange.PostList([good, Order(Decimal("0.01"), Decimal(1))])

    assert [row[0] for row in host.intents()] == ids
    assert len([one for one in host.sent if one.method == "post"]) == 1
    assert exchange.PostList([]) == []


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (["ok", ["rejected", -2019, "no margin"]], OrderRejected, -2019),
        (["ok", ["unknown", 0, "503"]], OrderUnknown, 0),
        (["unavailable"], ExchangeUnavailable, 0),
        (["fenced"], ExchangeUnavailable, 0),
    ],
)
def test_waiting_raises_what_the_reply_says(
    host: ScriptedHost, exchange: BusExchange, reply: list[Any], error: type, code: int
) -> None:
    host.script["post"] = reply

    with pytest.raises(error) as caught:
        exchange.Post(Decimal("0.01"), Decimal(50_000), wait=True)

    assert caught.value.code == code


def test_waiting_returns_when_the_exchange_has_the_order(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    host.script["post"] = ["ok", ["ok", 0, ""]]

    assert exchange.Post(Decimal("0.01"), Decimal(50_000), wait=True)


def test_waiting_in_vain_is_unknown_and_nobody_there_is_unavailable(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    with pytest.raises(OrderUnknown):
        exchange.Post(Decimal("0.01"), Decimal(50_000), wait=True)
    assert host.desk.orders.open_orders()[0].status is Status.UNKNOWN

    host.is_there = False
    with pytest.raises(ExchangeUnavailable):
        exchange.Post(Decimal("0.01"), Decimal(50_000), wait=True)


def test_told_to_stop_while_waiting_the_order_is_unknown(
    host: ScriptedHost, exchange: BusExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.getTick()
    monkeypatch.setattr(host, "wait", lambda done, seconds: False)

    with pytest.raises(OrderUnknown, match="told to stop"):
        exchange.Post(Decimal("0.01"), Decimal(50_000), wait=True)


def test_cancel_takes_one_several_or_all(host: ScriptedHost, exchange: BusExchange) -> None:
    ids = [exchange.Post(Decimal("0.01"), Decimal(50_000)) for _ in range(4)]

    exchange.Cancel(ids[0])
    exchange.Cancel(iter(ids[1:3]))
    exchange.Cancel()

    cancels = [one.args[0] for one in host.sent if one.method == "cancel"]
    assert cancels == [[ids[0]], ids[1:3], []]


def test_the_book_is_the_newest_seen_else_asked_for(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    host.script["book"] = ["ok", "2", "20", "1", "10", 9]
    asked = exchange.getBook()
    host.desk.on_book(BOOK, 1)
    seen = exchange.getBook()

    assert asked[KEY.ASK_PRICE] == Decimal(2)
    assert asked[KEY.TIMESTAMP] == 9
    assert seen == {
        KEY.ASK_PRICE: Decimal(50_001),
        KEY.ASK_QTY: Decimal(2),
        KEY.BID_PRICE: Decimal(50_000),
        KEY.BID_QTY: Decimal(3),
        KEY.TIMESTAMP: 77,
    }


def test_an_unanswered_question_is_unavailable(host: ScriptedHost, exchange: BusExchange) -> None:
    with pytest.raises(ExchangeUnavailable):
        exchange.getBook()
    host.is_there = False
    with pytest.raises(ExchangeUnavailable):
        exchange.getBook()


def test_position_and_balance_come_from_what_was_published(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    host.script["hello"] = ["ok", *hello_values(snapshot(at=position("-0.5", "49000")))]

    assert exchange.getPositions() == [
        {
            KEY.SYMBOL: "BTCUSDT",
            KEY.QTY: Decimal("-0.5"),
            KEY.PRICE: Decimal(49_000),
            KEY.UNREALIZED: Decimal(0),
            KEY.TIMESTAMP: 1,
        }
    ]
    assert exchange.getBalance() == {
        KEY.ASSET: "USDT",
        KEY.BALANCE: Decimal(10_000),
        KEY.AVAILABLE: Decimal(9_000),
        KEY.TIMESTAMP: 3,
    }


def test_a_flat_account_has_no_positions(exchange: BusExchange) -> None:
    assert exchange.getPositions() == []


def test_an_account_with_holes_is_not_shown(host: ScriptedHost, exchange: BusExchange) -> None:
    exchange.getPositions()
    host.is_there = False
    host.desk._sync.want(0)

    with pytest.raises(ExchangeUnavailable):
        exchange.getPositions()


def test_candles_are_columns_as_long_as_the_time_asked_for(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    rows = [[0, "1", "2", "0.5", "1.5", "10"], [2 * NS_PER_MINUTE, "2", "3", "1", "2", "20"]]
    host.script["candles"] = ["ok", rows]

    candles = exchange.getCandles(0, 3 * NS_PER_MINUTE)

    assert candles[KEY.TIMESTAMP] == deque([0, 2 * NS_PER_MINUTE])
    assert candles[KEY.CLOSE] == deque([Decimal("1.5"), Decimal(2)])
    assert {column.maxlen for column in candles.values()} == {3}


def test_online_needs_an_account_a_book_and_a_healthy_worker(
    host: ScriptedHost, exchange: BusExchange
) -> None:
    assert not exchange.isOnline()
    exchange.getTick()
    assert exchange.trouble() == "no book yet"
    host.desk.on_book(BOOK, host.timer.Monotonic() or 1)

    assert exchange.isOnline()


def test_the_kind_of_order_follows_from_the_arguments(exchange: BusExchange) -> None:
    exchange.Post(Decimal("0.01"))
    exchange.Post(Decimal("-0.01"), Decimal(50_000))
    exchange.Post(Decimal("-0.01"), Decimal(50_000), stopmarket=True)

    kinds = [(update.type, update.side) for update in exchange.open_orders()]
    assert kinds == [
        (OrderType.MARKET, Side.BUY),
        (OrderType.LIMIT, Side.SELL),
        (OrderType.STOP_MARKET, Side.SELL),
    ]


class ObedientHost(ScriptedHost):
    """One whose exchange takes every order, and cancels what it is asked to."""

    def __init__(self, timer: VirtualTimer) -> None:
        super().__init__(timer)
        done = pack_outcomes([Outcome("ok", 0, "")] * 2)
        self.script |= {"candles": ["ok", []], "post": ["ok", *done], "cancel": ["ok"]}
        self._sequence = 0

    def send(self, request_id: bytes, request: Request) -> bool:
        if request.method == "cancel":
            wanted = request.args[0] or self.desk.orders.open_ids()
            for update in [order(client_id, "CANCELED") for client_id in wanted]:
                self._sequence += 1
                header = Header(1, self._sequence, 0)
                self.desk.on_account(ORDER_TOPIC, header, update, self.timer.Monotonic())
        return super().send(request_id, request)


class TestContract(ExchangeContract):
    @pytest.fixture
    def host(self) -> ScriptedHost:
        host = ObedientHost(VirtualTimer(NOW_NS))
        host.desk.on_book(BOOK, 1)
        return host

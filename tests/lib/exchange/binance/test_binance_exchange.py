"""The contract as a script uses it, against the embedded exchange in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from lib.constants import KEY, NS_PER_MINUTE, OrderType, Side, Status
from lib.errors import ConfigError, ExchangeUnavailable, OrderRejected, OrderUnknown
from lib.exchange import get_exchange
from lib.exchange.binance.binance_exchange import BinanceFuturesExchange
from lib.exchange.binance.loop_thread import LoopThread
from lib.factory import make_factory
from lib.models import Order, Update
from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from tests.contracts.exchange import ExchangeContract

NAME = "BINANCE.FUTURES"
SECONDS = 8.0


class VenueThread:
    """A venue beside the test, which is synchronous."""

    def __init__(self) -> None:
        self.loop = LoopThread("venue")
        self.server = self.loop.call(self._open(), SECONDS)

    async def _open(self) -> VenueServer:
        server = VenueServer({"symbols": ["BTCUSDT"], "active": ["BTCUSDT"]}, LiveTimer())
        await server.start()
        return server

    def fault(self, name: str, **args: Any) -> None:
        async def add() -> None:
            self.server.venue.add_fault({"name": name, **args}, self.server.now())

        self.loop.call(add(), SECONDS)

    def orders(self) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            ledger = self.server.engine.ledger()
            return [*ledger["orders"], *ledger["algo_orders"]]

        return self.loop.call(read(), SECONDS)

    def close(self) -> None:
        self.loop.call(self.server.stop(), SECONDS)
        self.loop.stop()


class Told:
    """Collects updates from the exchange's thread."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self._news = threading.Condition()

    def __call__(self, update: Update) -> None:
        with self._news:
            self.updates.append(update)
            self._news.notify_all()

    def until(self, check: Callable[[Update], bool]) -> Update:
        with self._news:
            assert self._news.wait_for(lambda: any(map(check, self.updates)), SECONDS)
            return next(filter(check, self.updates))


@pytest.fixture(scope="module")
def venue() -> Iterator[VenueThread]:
    made = VenueThread()
    yield made
    made.close()


def config_of(venue: VenueThread, **more: Any) -> dict[str, Any]:
    server = venue.server
    section = {"rest_url": server.rest_url, "ws_url": server.ws_url}
    keys = {"key": server.key, "secret": server.secret}
    return {
        "symbol": "BTCUSDT",
        "exchange": NAME,
        NAME: {**section, **keys, "timeout": 1.0},
        **more,
    }


def connect(config: dict[str, Any]) -> BinanceFuturesExchange:
    factory = make_factory({"name": "SandboxFactory"}, config)
    exchange_class = get_exchange(config["exchange"])
    made: BinanceFuturesExchange = exchange_class(config, factory, LiveTimer())
    return made


@pytest.fixture
def exchange(venue: VenueThread) -> Iterator[BinanceFuturesExchange]:
    made = connect(config_of(venue))
    yield made
    made.close()


def test_what_the_product_is_like(exchange: BinanceFuturesExchange) -> None:
    assert exchange.isOnline() is True
    assert exchange.getTick() == Decimal("0.1")
    assert exchange.getMinQty() == Decimal("0.001")
    book = exchange.getBook()
    assert book[KEY.ASK_PRICE] > book[KEY.BID_PRICE]
    balance = exchange.getBalance()
    assert balance[KEY.ASSET] == "USDT"
    assert balance[KEY.AVAILABLE] <= balance[KEY.BALANCE]


def test_candles_are_deques_as_long_as_the_distance(exchange: BinanceFuturesExchange) -> None:
    end_ns = LiveTimer().Timestamp() // NS_PER_MINUTE * NS_PER_MINUTE
    candles = exchange.getCandles(end_ns - 7 * NS_PER_MINUTE, end_ns)
    assert {key: column.maxlen for key, column in candles.items()} == dict.fromkeys(candles, 7)
    assert len(candles[KEY.CLOSE]) == 7
    assert candles[KEY.TIMESTAMP][-1] == end_ns - NS_PER_MINUTE


def test_prices_and_quantities_are_rounded_to_a_lesser_risk(
    exchange: BinanceFuturesExchange, venue: VenueThread
) -> None:
    bid = exchange.getBook()[KEY.BID_PRICE]
    buy = exchange.Post(Decimal("0.0029"), bid * Decimal("0.9") + Decimal("0.07"), wait=True)
    sell = exchange.Post(Decimal("-0.0029"), bid * Decimal("1.02") + Decimal("0.03"), wait=True)
    rows = {row["client_id"]: row for row in venue.orders()}
    assert (rows[buy]["side"], rows[buy]["qty"]) == ("BUY", "0.002")
    assert Decimal(rows[buy]["price"]) <= bid * Decimal("0.9") + Decimal("0.07")
    assert Decimal(rows[sell]["price"]) >= bid * Decimal("1.02") + Decimal("0.03")
    exchange.Cancel()


def test_an_order_comes_back_by_on_order(exchange: BinanceFuturesExchange) -> None:
    told = Told()
    exchange.on_order = told
    client_id = exchange.Post(Decimal("0.002"))
    filled = told.until(lambda update: update.status is Status.FILLED)
    assert (filled.id, filled.side, filled.type) == (client_id, Side.BUY, OrderType.MARKET)
    assert filled.fill_qty == Decimal("0.002")
    (position,) = exchange.getPositions()
    assert position[KEY.QTY] == Decimal("0.002")
    exchange.Post(Decimal("-0.002"), reduce_only=True, wait=True)
    told.until(lambda update: update.side is Side.SELL and update.status is Status.FILLED)


def test_lists_and_cancels(exchange: BinanceFuturesExchange, venue: VenueThread) -> None:
    told = Told()
    exchange.on_order = told
    bid = exchange.getBook()[KEY.BID_PRICE]
    orders = [Order(Decimal("0.002"), bid * Decimal(factor)) for factor in ("0.98", "0.97", "0.96")]
    stop = Order(Decimal("-0.002"), bid * Decimal("0.8"), stopmarket=True)
    ids = exchange.PostList([*orders, stop])
    for client_id in ids:
        told.until(lambda update, name=client_id: update.id == name)  # type: ignore[misc]
    exchange.Cancel(ids[0])
    told.until(lambda update: update.id == ids[0] and update.status is Status.CANCELED)
    exchange.Cancel(ids[1:2])
    exchange.Cancel()
    for client_id in ids:
        told.until(
            lambda update, name=client_id: (  # type: ignore[misc]
                update.id == name and update.status is Status.CANCELED
            )
        )


def test_waiting_raises_what_the_outcome_means(
    exchange: BinanceFuturesExchange, venue: VenueThread
) -> None:
    bid = exchange.getBook()[KEY.BID_PRICE]
    with pytest.raises(OrderRejected, match="-2022") as caught:
        exchange.Post(Decimal("-0.002"), reduce_only=True, wait=True)
    assert caught.value.code == -2022
    venue.fault("reset_rest", method="POST", path="/fapi/v1/order", count=1)
    with pytest.raises(OrderUnknown):
        exchange.Post(Decimal("0.002"), bid * Decimal("0.9"), wait=True)
    venue.fault("reject_rest", method="POST", path="/fapi/v1/order", count=1)
    with pytest.raises(ExchangeUnavailable):
        exchange.Post(Decimal("0.002"), bid * Decimal("0.9"), wait=True)


@pytest.mark.parametrize(
    ("qty", "price", "stop", "text"),
    [
        ("0.0005", None, False, "below 0.001"),
        ("0.001", "1000", False, "worth less than"),
        ("0.001", None, True, "needs its trigger price"),
        ("5000", "70000", False, "above 1000"),
    ],
)
def test_what_cannot_be_is_refused_before_it_leaves(
    exchange: BinanceFuturesExchange, qty: str, price: str | None, text: str, *, stop: bool
) -> None:
    with pytest.raises(OrderRejected, match=text):
        exchange.Post(Decimal(qty), Decimal(price) if price else None, stop)


def test_closing_leaves_no_order(venue: VenueThread) -> None:
    exchange = connect(config_of(venue, name="leaver"))
    bid = exchange.getBook()[KEY.BID_PRICE]
    client_id = exchange.Post(Decimal("0.002"), bid * Decimal("0.9"), wait=True)
    exchange.close()
    (row,) = [row for row in venue.orders() if row["client_id"] == client_id]
    assert row["status"] == "CANCELED"
    with pytest.raises(ExchangeUnavailable):
        exchange.isOnline()


def test_a_wrong_config_is_one_clear_line(venue: VenueThread) -> None:
    with pytest.raises(ConfigError, match="symbol BTCUSD is not listed"):
        connect(config_of(venue, symbol="BTCUSD"))


def test_a_loop_thread_gives_up_on_time() -> None:
    loop = LoopThread("test")
    with pytest.raises(ExchangeUnavailable, match="no result within"):
        loop.call(asyncio.Event().wait(), 0.05)
    loop.stop()
    loop.stop()


class TestContract(ExchangeContract):
    @pytest.fixture
    def exchange(self) -> Iterator[BinanceFuturesExchange]:
        # A venue of its own: the account has to be flat.
        venue = VenueThread()
        made = connect(config_of(venue))
        yield made
        made.close()
        venue.close()

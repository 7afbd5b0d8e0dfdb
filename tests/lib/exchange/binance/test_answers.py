"""Answers with status 200 that are not what was documented: they prove nothing, and end nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_MINUTE
from lib.errors import ExchangeUnavailable, OrderUnknown
from lib.exchange.binance.answers import batch_item
from lib.exchange.binance.doctor import examine_settings, wanted_of
from lib.exchange.binance.gateway import BinanceGateway
from lib.timer import LiveTimer

SYMBOL = "BTCUSDT"
ORDER = OrderIntent("1", SYMBOL, "BUY", "0.002", "100", False, False, False, "", 0)
WANTED = wanted_of({"symbols": [SYMBOL]})
ODD = ["", "{}", "[1]", "5", "null", '"text"', '{"symbols": 5}', '{"symbols": [{"odd": 1}]}']

Question = Callable[[BinanceGateway], Awaitable[Any]]

READS: dict[str, Question] = {
    "clock": lambda gateway: gateway.sync_clock(),
    "reach": lambda gateway: gateway.reach(),
    "time": lambda gateway: gateway.server_ns(),
    "rules": lambda gateway: gateway.exchange_info(),
    "statuses": lambda gateway: gateway.symbol_statuses(),
    "book": lambda gateway: gateway.book(SYMBOL),
    "candles": lambda gateway: gateway.candles(SYMBOL, 0, NS_PER_MINUTE),
    "mode": lambda gateway: gateway.is_hedge_mode(),
    "settings": lambda gateway: examine_settings(gateway, WANTED),
    "settings of a symbol": lambda gateway: gateway.symbol_settings(SYMBOL),
    "rights": lambda gateway: gateway.may_withdraw(),
    "listen key": lambda gateway: gateway.listen_key(),
    "order": lambda gateway: gateway.query(SYMBOL, "1", conditional=False),
    "order by its number": lambda gateway: gateway.find(SYMBOL, 1),
}
CHANGES: dict[str, Question] = {
    "place": lambda gateway: gateway.place(ORDER),
    "place a stop": lambda gateway: gateway.place(ORDER._replace(stop=True)),
    "place a batch": lambda gateway: gateway.place_batch([ORDER, ORDER]),
    "cancel": lambda gateway: gateway.cancel(SYMBOL, "1", conditional=False),
    "countdown": lambda gateway: gateway.countdown(SYMBOL, 60_000),
}


class Odd:
    """An exchange that answers everything alike, but for some paths.

    Args:
        body: What it answers.
    """

    def __init__(self, body: str) -> None:
        self.body = body
        self.bodies: dict[str, str] = {}
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(app)

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        body = self.bodies.get(name, self.body)
        return web.Response(text=body, content_type="application/json")


@pytest.fixture
async def odd() -> AsyncIterator[Odd]:
    """An exchange that answers nothing that was documented."""
    made = Odd("{}")
    async with made.server:
        yield made


@pytest.fixture
async def gateway(odd: Odd) -> AsyncIterator[BinanceGateway]:
    """A gateway to it."""
    config = {"rest_url": str(odd.server.make_url("/")), "key": "k", "secret": "s"}
    made = BinanceGateway(config, LiveTimer())
    yield made
    await made.close()


@pytest.mark.parametrize("name", READS)
async def test_an_odd_answer_to_a_read_is_none(
    gateway: BinanceGateway, odd: Odd, name: str
) -> None:
    for odd.body in ODD:
        with pytest.raises(ExchangeUnavailable):
            await READS[name](gateway)


@pytest.mark.parametrize("name", CHANGES)
async def test_an_odd_answer_to_what_changes_something_leaves_its_fate_open(
    gateway: BinanceGateway, odd: Odd, name: str
) -> None:
    for odd.body in ODD:
        with pytest.raises(OrderUnknown):
            await CHANGES[name](gateway)


@pytest.mark.parametrize("value", ["", "x", None, {}, "NaN"])
async def test_a_price_that_is_no_number_is_no_price(
    gateway: BinanceGateway, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    async def ticker(**_: Any) -> Any:
        return {"askPrice": value, "askQty": "1", "bidPrice": "1", "bidQty": "1", "time": 1}

    monkeypatch.setattr(gateway.client, "futures_orderbook_ticker", ticker)
    with pytest.raises(ExchangeUnavailable, match="of another shape"):
        await gateway.book(SYMBOL)


@pytest.mark.parametrize("row", ['[1, "1"]', '["x", "1", "1", "1", "1", "1"]', '{"odd": 1}'])
async def test_a_candle_of_another_shape_makes_the_read_void(
    gateway: BinanceGateway, odd: Odd, row: str
) -> None:
    odd.body = f"[{row}]"
    with pytest.raises(ExchangeUnavailable, match="of another shape"):
        await gateway.candles(SYMBOL, 0, NS_PER_MINUTE)


@pytest.mark.parametrize("row", ['{"leverage": "x", "marginType": "CROSSED"}', '{"odd": 1}', "5"])
async def test_settings_of_another_shape_are_not_called_wrong(
    gateway: BinanceGateway, odd: Odd, row: str
) -> None:
    odd.bodies = {
        "accountConfig": '{"dualSidePosition": false}',
        "exchangeInfo": '{"symbols": [{"symbol": "BTCUSDT", "status": "TRADING"}]}',
        "symbolConfig": f"[{row}]",
    }
    with pytest.raises(ExchangeUnavailable, match="of another shape"):
        await examine_settings(gateway, WANTED)


async def test_a_listen_key_that_is_no_text_is_none(gateway: BinanceGateway, odd: Odd) -> None:
    for odd.body in ('{"listenKey": null}', '{"listenKey": ""}', '{"listenKey": 5}'):
        with pytest.raises(ExchangeUnavailable, match="of another shape"):
            await gateway.listen_key()


@pytest.mark.parametrize("code", ["x", {}, [1]])
def test_an_item_whose_code_is_no_number_is_of_unknown_fate(code: Any) -> None:
    assert isinstance(batch_item({"code": code, "msg": "?"}), OrderUnknown)

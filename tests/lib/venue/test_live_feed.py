"""Paper trading: a venue that plays what a second venue sends."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from lib.timer import LiveTimer
from lib.venue.exchange_info import symbol_row
from lib.venue.live_feed import rules_of
from lib.venue.recorded_files import open_source, read
from lib.venue.server import VenueServer
from lib.venue.symbols import catalogue
from tests.lib.venue.test_server import is_event
from tests.lib.venue.wire_client import WireClient, running


def live(source: WireClient, **config: Any) -> dict[str, Any]:
    urls = {"rest_url": source.server.rest_url, "ws_url": source.server.ws_url}
    return {"feed": "live", **urls, **config}


def test_rules_survive_the_way_through_exchange_info() -> None:
    for rules in catalogue().values():
        assert rules_of(symbol_row(rules)) == rules


async def test_book_trades_and_candles_come_from_the_other_exchange() -> None:
    symbols = ["BTCUSDT", "ETHUSDT"]
    async with running(symbols=symbols) as source, running(**live(source)) as client:
        info = await client.get("/fapi/v1/exchangeInfo")
        assert {row["symbol"] for row in info["symbols"]} == {"BTCUSDT", "ETHUSDT"}
        names = "btcusdt@bookTicker/btcusdt@trade/btcusdt@depth@100ms"
        async with client.socket(f"/public/stream?streams={names}") as stream:
            for name in names.split("/"):
                await stream.next(lambda body, name=name: body["stream"] == name)
        rows = await client.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=50)
        known = await source.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=51)
        assert rows[:48] == [row for row in known if row[0] <= rows[47][0]][-48:]
        theirs = await source.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
        ours = await client.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
        assert abs(float(ours["markPrice"]) / float(theirs["markPrice"]) - 1) < 0.01


async def test_orders_stay_here() -> None:
    async with running() as source, running(**live(source)) as client:
        key = await client.listen_key()
        async with client.socket("/public/ws/btcusdt@bookTicker") as stream:
            await stream.next()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            status, _ = await client.place(type="MARKET", price="", timeInForce="")
            assert status == 200
            await user.next(is_event("ORDER_TRADE_UPDATE", "FILLED"))
        assert source.server.engine.ledger()["orders"] == []


async def test_symbol_is_relayed_when_it_is_asked_for() -> None:
    async with (
        running() as source,
        running(**live(source)) as client,
        client.socket("/public/ws/ethusdt@bookTicker") as stream,
    ):
        assert (await stream.next())["s"] == "ETHUSDT"


async def test_relay_comes_back_after_a_cut() -> None:
    async with (
        running() as source,
        running(**live(source)) as client,
        client.socket("/public/ws/btcusdt@bookTicker") as stream,
    ):
        await stream.next()
        await source.fault("mute_market", existing_only=True)
        await source.fault("close_all", hard=True)
        last = await stream.next()
        fresh = await stream.next(lambda body: body["E"] > last["E"] + 400)
        assert fresh["u"] > last["u"]


async def test_relay_records_what_it_gets(tmp_path: Path) -> None:
    path = tmp_path / "live.gz"
    async with (
        running() as source,
        running(**live(source, record=str(path))) as client,
        client.socket("/public/ws/btcusdt@bookTicker") as stream,
    ):
        await stream.next()
    assert gzip.decompress(path.read_bytes())
    assert {event.symbol for _, event in read(open_source(str(path)))} == {"BTCUSDT"}  # type: ignore[union-attr]


async def test_unreachable_exchange_is_told_in_one_line() -> None:
    urls = {"rest_url": "http://127.0.0.1:9", "ws_url": "ws://127.0.0.1:9"}
    with pytest.raises(OSError, match=r"cannot reach http://127\.0\.0\.1:9"):
        await VenueServer({"feed": "live", **urls}, LiveTimer()).start()


async def test_symbol_that_the_exchange_does_not_list_is_refused() -> None:
    async with running() as source:
        config = live(source, active=["NOSUCHUSDT"])
        with pytest.raises(ConfigError, match="lists no NOSUCHUSDT"):
            await VenueServer(config, LiveTimer()).start()

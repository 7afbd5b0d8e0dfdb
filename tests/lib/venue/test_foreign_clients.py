"""Clients that others wrote, unmodified but for their base URLs, run their normal calls."""

import asyncio
from importlib import import_module
from typing import Any

import pytest

from lib.venue.server import VenueServer
from tests.lib.venue.wire_client import running

SYMBOL = "BTCUSDT"
UNIFIED = "BTC/USDT:USDT"
PATIENCE = 10.0


# --- python-binance ---


def loopback(server: VenueServer) -> tuple[Any, Any]:
    """Return python-binance's client and socket manager, pointed at the venue."""
    binance = import_module("binance")

    class Client(binance.AsyncClient):  # type: ignore[name-defined]
        API_URL = f"{server.rest_url}/api"
        FUTURES_URL = f"{server.rest_url}/fapi"
        FUTURES_DATA_URL = f"{server.rest_url}/futures/data"
        WS_FUTURES_URL = server.ws_api_url

    class Sockets(binance.BinanceSocketManager):  # type: ignore[name-defined]
        FSTREAM_URL = f"{server.ws_url}/"

    return Client, Sockets


async def test_python_binance_trades_and_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    reconnecting = import_module("binance.ws.reconnecting_websocket")
    # it leaves a silent socket only after this time, ten seconds by default
    monkeypatch.setattr(reconnecting.ReconnectingWebsocket, "TIMEOUT", 0.2)
    async with running() as wire:
        client_class, sockets_class = loopback(wire.server)
        client = await client_class.create(wire.server.key, wire.server.secret)
        try:
            info = await client.futures_exchange_info()
            assert any(row["symbol"] == SYMBOL for row in info["symbols"])
            assert len((await client.futures_order_book(symbol=SYMBOL, limit=5))["bids"]) == 5
            assert len(await client.futures_klines(symbol=SYMBOL, interval="1m", limit=3)) == 3
            assert (await client.futures_account_balance())[0]["asset"] == "USDT"
            sockets = sockets_class(client, max_queue_size=100_000)
            streams = ["btcusdt@depth@100ms", "btcusdt@bookTicker"]
            public = sockets.futures_multiplex_socket(streams, category="public")
            market = sockets.futures_multiplex_socket(["btcusdt@aggTrade", "btcusdt@kline_1m"])
            user = sockets.futures_user_socket()
            async with asyncio.timeout(PATIENCE), public, market, user:
                order = await client.futures_create_order(
                    symbol=SYMBOL,
                    side="BUY",
                    type="LIMIT",
                    timeInForce="GTC",
                    quantity="0.010",
                    price="75000",
                    newClientOrderId="python-1",
                )
                assert (await user.recv())["o"]["c"] == "python-1"
                found = await client.futures_get_order(symbol=SYMBOL, orderId=order["orderId"])
                assert found["status"] == "NEW"
                stop = await client.futures_create_order(
                    symbol=SYMBOL,
                    side="SELL",
                    type="STOP_MARKET",
                    quantity="0.010",
                    triggerPrice="70000",
                    clientAlgoId="python-2",
                )
                assert stop["clientAlgoId"] == "python-2"
                await client.futures_cancel_order(symbol=SYMBOL, clientAlgoId="python-2")
                await client.futures_cancel_order(symbol=SYMBOL, origClientOrderId="python-1")
                for socket in (public, market):
                    seen: set[str] = set()
                    while len(seen) < 2:
                        seen.add((await socket.recv())["stream"])
                placed = await client.ws_futures_create_order(
                    symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010"
                )
                assert placed["orderId"] > order["orderId"]
                await client.ws_future.close()
        finally:
            await client.close_connection()


async def test_python_binance_speaks_without_asyncio() -> None:
    binance = import_module("binance")
    async with running() as wire:

        class Client(binance.Client):  # type: ignore[name-defined]
            API_URL = f"{wire.server.rest_url}/api"
            FUTURES_URL = f"{wire.server.rest_url}/fapi"

        def trade() -> Any:
            client = Client(wire.server.key, wire.server.secret)
            try:
                client.futures_create_order(
                    symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010"
                )
                return client.futures_position_information(symbol=SYMBOL)
            finally:
                client.close_connection()
                # it made one of its own for this thread, and leaves it open
                client.loop.close()

        [position] = await asyncio.to_thread(trade)
        assert position["positionAmt"] == "0.01"


# --- ccxt ---


def point(urls: dict[str, Any], server: VenueServer) -> None:
    """Replace the hosts in ccxt's tree of addresses."""
    hosts = {
        f"https://{name}.binance.com": server.rest_url
        for name in ("fapi", "api", "dapi", "eapi", "papi", "sapi")
    }
    hosts["wss://fstream.binance.com"] = server.ws_url
    hosts["wss://ws-fapi.binance.com/ws-fapi/v1"] = server.ws_api_url
    for name, value in urls.items():
        if isinstance(value, dict):
            point(value, server)
        elif isinstance(value, str):
            for host, ours in hosts.items():
                value = value.replace(host, ours)
            urls[name] = value


def ccxt_client(server: VenueServer) -> Any:
    pro = import_module("ccxt.pro")
    client = pro.binanceusdm(
        {
            "apiKey": server.key,
            "secret": server.secret,
            "enableRateLimit": False,
            # currencies come from the spot host, which is no part of the venue
            "options": {"fetchCurrencies": False},
        }
    )
    point(client.urls["api"], server)
    return client


async def test_ccxt_runs_its_rest_calls() -> None:
    async with running() as wire:
        client = ccxt_client(wire.server)
        try:
            async with asyncio.timeout(PATIENCE * 3):
                assert UNIFIED in await client.load_markets()
                assert len((await client.fetch_order_book(UNIFIED, 5))["bids"]) == 5
                assert len(await client.fetch_ohlcv(UNIFIED, "1m", limit=3)) == 3
                assert (await client.fetch_ticker(UNIFIED))["last"]
                assert await client.fetch_trades(UNIFIED, limit=2)
                assert (await client.fetch_funding_rate(UNIFIED))["markPrice"]
                assert (await client.fetch_balance())["USDT"]["total"] == 10_000
                await client.set_leverage(5, UNIFIED)
                await client.set_margin_mode("isolated", UNIFIED)
                await client.set_margin_mode("cross", UNIFIED)
                order = await client.create_order(UNIFIED, "limit", "buy", 0.01, 75_000)
                edited = await client.edit_order(order["id"], UNIFIED, "limit", "buy", 0.02, 74_000)
                assert (edited["id"], edited["amount"]) == (order["id"], 0.02)
                assert len(await client.fetch_open_orders(UNIFIED)) == 1
                await client.cancel_order(order["id"], UNIFIED)
                assert (await client.fetch_order(order["id"], UNIFIED))["status"] == "canceled"
                market = await client.create_order(UNIFIED, "market", "buy", 0.01)
                assert market["status"] == "closed"
                [position] = await client.fetch_positions([UNIFIED])
                assert position["contracts"] == 0.01
                fills = await client.fetch_my_trades(UNIFIED)
                assert sum(fill["amount"] for fill in fills) == pytest.approx(0.01)
                stop = await client.create_order(
                    UNIFIED, "STOP_MARKET", "sell", 0.01, None, {"stopPrice": 70_000}
                )
                await client.cancel_order(stop["id"], UNIFIED, {"trigger": True})
                rows = [
                    {"symbol": UNIFIED, "type": "limit", "side": "buy", "amount": 0.01, "price": p}
                    for p in (75_000, 74_000)
                ]
                assert len(await client.create_orders(rows)) == 2
                await client.cancel_all_orders(UNIFIED)
                assert await client.fetch_open_orders(UNIFIED) == []
        finally:
            await client.close()


async def test_ccxt_watches() -> None:
    async with running() as wire:
        client = ccxt_client(wire.server)
        try:
            async with asyncio.timeout(PATIENCE * 3):
                await client.load_markets()
                assert len((await client.watch_order_book(UNIFIED))["bids"]) > 5
                assert await client.watch_trades(UNIFIED)
                assert (await client.watch_ticker(UNIFIED))["last"]
                assert await client.watch_ohlcv(UNIFIED, "1m")
                assert await client.watch_bids_asks([UNIFIED])
                assert (await client.watch_mark_price(UNIFIED))["markPrice"]
                loop = asyncio.get_running_loop()
                watches = [
                    loop.create_task(client.watch_orders(UNIFIED)),
                    loop.create_task(client.watch_my_trades(UNIFIED)),
                ]
                while not any(each.keys for each in wire.server.venue.hub.connections.values()):
                    await asyncio.wait(watches, timeout=0.01)
                await client.create_order(UNIFIED, "market", "buy", 0.01)
                [order, *_], [fill, *_] = await asyncio.gather(*watches)
                assert order["symbol"] == fill["symbol"] == UNIFIED
                placed = await client.create_order_ws(UNIFIED, "limit", "buy", 0.01, 75_000)
                assert placed["status"] == "open"
        finally:
            await client.close()

"""The venue over real sockets: REST door, stream routes, user streams, lives and ends."""

import asyncio
import socket
from typing import Any

import aiohttp
import pytest

from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from tests.lib.venue.wire_client import PATIENCE, Socket, WireClient, running


def is_event(name: str, status: str = "") -> Any:
    def wanted(body: dict[str, Any]) -> bool:
        found = body.get("data", body)
        return found.get("e") == name and (not status or found["o"]["X"] == status)

    return wanted


async def test_spot_and_futures_clocks_answer() -> None:
    async with running() as client:
        for path in ("/api/v3/ping", "/fapi/v1/ping"):
            assert await client.get(path) == {}
        for path in ("/api/v3/time", "/fapi/v1/time"):
            found = await client.get(path)
            assert abs(found["serverTime"] - client.stamp()) < 1000


async def test_order_travels_from_rest_to_user_stream_and_ledger() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            status, order, headers = await client.signed_whole(
                "POST",
                "/fapi/v1/order",
                symbol="BTCUSDT",
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                quantity="0.010",
                price="75000",
                newClientOrderId="one",
            )
            assert (status, order["status"]) == (200, "NEW")
            assert headers["x-mbx-order-count-10s"] == "1"
            assert headers["x-mbx-order-count-1m"] == "1"
            event = await user.next(is_event("ORDER_TRADE_UPDATE", "NEW"))
            assert event["o"]["c"] == "one"
            status, _ = await client.signed(
                "DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="one"
            )
            assert status == 200
            await user.next(is_event("ORDER_TRADE_UPDATE", "CANCELED"))
        ledger = await client.get("/venue/ledger")
        assert [order["client_id"] for order in ledger["orders"]] == ["one"]
        posted = [row for row in ledger["requests"] if row["method"] == "POST"][-1]
        assert (posted["signature"], posted["status"]) == ("valid", 200)
        assert posted["params"]["newClientOrderId"] == "one"
        assert "signature" not in posted["params"]


async def test_parameters_may_stand_in_query_or_body() -> None:
    async with running() as client:
        body = client.query(symbol="BTCUSDT", leverage=7)
        status, answer, _ = await client.call(
            "POST", "/fapi/v1/leverage", key=client.server.key, body=body
        )
        assert (status, answer["leverage"]) == (200, 7)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"key": None}, 401, -2014),
        ({"key": "x" * 64}, 401, -2015),
        ({"query": "timestamp=1&signature=00"}, 400, -1021),
        ({"query": "signature=00"}, 400, -1102),
    ],
)
async def test_wrong_senders_are_refused(changes: dict[str, Any], status: int, code: int) -> None:
    async with running() as client:
        key = changes.get("key", client.server.key)
        query = changes.get("query", client.query())
        found, body, _ = await client.call("GET", f"/fapi/v3/balance?{query}", key=key)
        assert (found, body["code"]) == (status, code)
        ledger = await client.get("/venue/ledger")
        assert ledger["requests"][-1]["signature"] != "valid"


async def test_wrong_signature_is_refused_and_noted() -> None:
    async with running() as client:
        query = client.query()[:-4] + "0000"
        status, body, _ = await client.call(
            "GET", f"/fapi/v3/balance?{query}", key=client.server.key
        )
        assert (status, body["code"]) == (400, -1022)
        ledger = await client.get("/venue/ledger")
        assert ledger["requests"][-1]["signature"] == "invalid"


async def test_weight_is_counted_and_refused_with_the_headers() -> None:
    async with running(weight_limit=25) as client:
        _, _, headers = await client.call("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
        assert headers["x-mbx-used-weight-1m"] == "20"
        status, body, headers = await client.call(
            "GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=1000
        )
        assert (status, body["code"]) == (429, -1003)
        assert 1 <= int(headers["retry-after"]) <= 60
        for _ in range(21):
            status, _, headers = await client.call("GET", "/fapi/v1/ping")
        assert status == 418
        assert int(headers["retry-after"]) > 60


@pytest.mark.parametrize(
    ("path", "wrapped"),
    [
        ("/public/ws/btcusdt@bookTicker", False),
        ("/public/stream?streams=btcusdt@bookTicker", True),
        ("/ws/btcusdt@bookTicker", False),
        ("/stream?streams=btcusdt@bookTicker", True),
    ],
)
async def test_raw_and_combined_streams_flow(path: str, *, wrapped: bool) -> None:
    async with running() as client, client.socket(path) as stream:
        body = await stream.next()
        assert ("stream" in body) == wrapped
        assert body.get("data", body)["e"] == "bookTicker"


@pytest.mark.parametrize(
    "path",
    [
        "/market/ws/btcusdt@bookTicker",
        "/public/ws/btcusdt@aggTrade",
        "/ws/btcusdt@aggTrade",
        "/private/stream?streams=btcusdt@bookTicker",
        "/public/ws/BTCUSDT@bookTicker",
    ],
)
async def test_stream_on_the_wrong_route_is_silent(path: str) -> None:
    async with running() as client, client.socket(path) as stream:
        assert await stream.is_silent()


async def test_idle_symbol_plays_when_it_is_subscribed_to() -> None:
    async with running() as client, client.socket("/public/ws/ethusdt@bookTicker") as stream:
        assert (await stream.next())["s"] == "ETHUSDT"


async def test_connection_is_cut_at_the_end_of_its_life() -> None:
    async with running(connection_life=0.3) as client, client.socket("/public/ws/x@trade") as ws:
        assert await ws.closing() == 1001


async def test_server_pings_and_drops_who_does_not_answer() -> None:
    config = {"ping_period": 0.2, "pong_timeout": 1.0}
    async with running(**config) as client:
        url = client.server.ws_url + "/public/ws/x@trade"
        async with client.session.ws_connect(url, autoping=False) as deaf:
            async with asyncio.timeout(PATIENCE):
                assert (await deaf.receive()).type is aiohttp.WSMsgType.PING
            assert await Socket(deaf).closing() == 1006
        async with client.session.ws_connect(url) as polite:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2.0):
                    await polite.receive()
            assert not polite.closed


async def test_talkative_connection_is_cut() -> None:
    async with running() as client, client.socket("/public/ws/x@trade") as ws:
        for number in range(11):
            await ws.ws.send_str(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
        assert await ws.closing() == 1008


async def test_taken_port_is_told_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is taken"):
            await VenueServer({"port": port}, LiveTimer()).start()


async def test_market_latency_shows_between_venue_and_client() -> None:
    async with (
        running(latency={"market": 0.2}) as client,
        client.socket("/public/ws/btcusdt@bookTicker") as stream,
    ):
        for _ in range(5):
            body = await stream.next()
            assert client.stamp() - body["E"] >= 199


async def test_order_latency_delays_the_entry() -> None:
    async with running(latency={"order": [0.2, 0.2], "cancel": 0.0}) as client:
        before = client.server.now()
        _, order = await client.place()
        assert order["updateTime"] * 1_000_000 >= before + 199_000_000


async def test_unknown_socket_path_is_not_found() -> None:
    async with running() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client.socket("/nowhere"):
                pass
        assert caught.value.status == 404


async def test_two_accounts_are_strangers() -> None:
    accounts = [{"name": "a"}, {"name": "b", "key": "k" * 64, "secret": "s"}]
    async with running(accounts=accounts) as client:
        await client.place(newClientOrderId="mine")
        engine = client.server.engine
        assert len(engine.ledger("a")["orders"]) == 1
        assert engine.ledger("b")["orders"] == []
        assert await has_no_orders(client, "k" * 64, "s")


async def has_no_orders(client: WireClient, key: str, secret: str) -> bool:
    other = client.server.venue.accounts[1]
    assert (other.key, other.secret) == (key, secret)
    status, body = client.server.engine.request(  # type: ignore[misc]
        other.name, "GET", "/fapi/v1/openOrders", {}, client.server.now()
    )
    return bool(status == 200 and body == [])

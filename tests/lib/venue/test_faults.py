"""Faults on command, each seen from outside."""

import asyncio
from typing import Any

import aiohttp
import pytest

from lib.venue.fault_table import DOOR_FAULTS, ENGINE_FAULTS
from tests.lib.venue.test_server import is_event
from tests.lib.venue.wire_client import PATIENCE, running

BOOK = "/public/ws/btcusdt@bookTicker"
DIFF = "/public/ws/btcusdt@depth@100ms"


async def test_every_fault_is_listed_with_its_arguments() -> None:
    async with running() as client:
        found = await client.get("/venue/faults")
        assert found["active"] == []
        names = {row["name"] for row in found["known"]}
        assert names == {fault.name for fault in DOOR_FAULTS} | set(ENGINE_FAULTS)
        assert all(row["text"] for row in found["known"])


@pytest.mark.parametrize(
    "body", [{"name": "nothing"}, {"name": "mute_market", "colour": 1}, {"name": "delist"}, {}]
)
async def test_wrong_fault_is_refused_in_one_line(body: dict[str, Any]) -> None:
    async with running() as client:
        url = client.server.rest_url + "/venue/faults"
        async with client.session.post(url, json=body) as answer:
            assert answer.status == 400
            assert "\n" not in (await answer.json())["msg"]


async def test_muted_market_is_silent_while_the_connection_stays_open() -> None:
    async with running() as client, client.socket(BOOK) as stream:
        await stream.next()
        await client.fault("mute_market", existing_only=True)
        while not await stream.is_silent(0.2):
            pass
        async with client.socket(BOOK) as later:
            await later.next()
        assert not stream.ws.closed
        await client.clear()
        await stream.next()


@pytest.mark.parametrize(
    ("args", "silent", "loud"),
    [
        ({"symbol": "BTCUSDT"}, "btcusdt@bookTicker", "ethusdt@bookTicker"),
        ({"channel": "book"}, "btcusdt@bookTicker", "btcusdt@trade"),
        ({"channel": "trade"}, "btcusdt@trade", "btcusdt@bookTicker"),
        ({"channel": "depth"}, "btcusdt@depth5@100ms", "btcusdt@bookTicker"),
        ({"channel": "btcusdt@trade"}, "btcusdt@trade", "ethusdt@trade"),
    ],
)
async def test_mute_can_be_narrow(args: dict[str, str], silent: str, loud: str) -> None:
    async with running(active=["BTCUSDT", "ETHUSDT"]) as client:
        await client.fault("mute_market", **args)
        async with (
            client.socket(f"/public/ws/{silent}") as muted,
            client.socket(f"/public/ws/{loud}") as stream,
        ):
            await stream.next()
            assert await muted.is_silent()


async def test_fault_ends_by_itself() -> None:
    async with running() as client, client.socket(BOOK) as stream:
        await client.fault("mute_market", seconds=0.3)
        async with asyncio.timeout(PATIENCE):
            while (await client.get("/venue/faults"))["active"]:
                await stream.is_silent(0.05)
        await stream.next()


async def test_muted_user_stream_swallows_fills() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            await client.fault("mute_user", existing_only=True)
            status, order = await client.place(type="MARKET", price="", timeInForce="")
            assert status == 200
            assert await user.is_silent(0.2)
            _, found = await client.signed(
                "GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=order["orderId"]
            )
            assert found["status"] == "FILLED"
            async with client.socket(f"/private/ws?listenKey={key}") as later:
                await client.place()
                await later.next(is_event("ORDER_TRADE_UPDATE"))


async def test_user_events_are_doubled_delayed_and_reordered() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            await client.fault("duplicate_user", event="ORDER_TRADE_UPDATE", count=1)
            await client.place(newClientOrderId="a")
            assert [(await user.next())["o"]["c"] for _ in range(2)] == ["a", "a"]
            await client.fault("reorder_user", count=1)
            await client.place(newClientOrderId="b")
            await client.place(newClientOrderId="c")
            assert [(await user.next())["o"]["c"] for _ in range(2)] == ["c", "b"]
            await client.fault("delay_user", delay=0.3, count=1)
            await client.place(newClientOrderId="d")
            assert await user.is_silent(0.15)
            assert (await user.next())["o"]["c"] == "d"


async def test_depth_diffs_are_lost_doubled_and_reordered() -> None:
    async with running() as client, client.socket(DIFF) as stream:
        for name, broken in (
            ("drop_depth", lambda a, b: b["pu"] > a["u"]),
            ("duplicate_depth", lambda a, b: b["u"] == a["u"]),
            ("reorder_depth", lambda a, b: b["u"] < a["u"]),
        ):
            before = await stream.next()
            await client.fault(name)
            async with asyncio.timeout(PATIENCE):
                while not broken(before, after := await stream.next()):
                    assert after["pu"] == before["u"] or name == "reorder_depth"
                    before = after
            await client.clear()
            before = await stream.next()
            before = await stream.next()


async def test_malformed_frame_is_broken_json_and_the_next_is_whole() -> None:
    async with running() as client, client.socket(BOOK) as stream:
        await stream.next()
        await client.fault("malformed", count=1)
        broken = 0
        async with asyncio.timeout(PATIENCE):
            while not broken:
                message = await stream.ws.receive()
                broken += not message.data.endswith("}")
        assert (await stream.next())["e"] == "bookTicker"


async def test_market_payloads_are_delayed() -> None:
    async with running() as client, client.socket(BOOK) as stream:
        await client.fault("delay_market", delay=0.3)
        body = await stream.next(lambda body: client.stamp() - body["E"] >= 299)
        assert body["e"] == "bookTicker"


async def test_connects_are_refused_softly_and_hard() -> None:
    async with running() as client:
        await client.fault("refuse_connects", count=1)
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client.socket(BOOK):
                pass
        assert caught.value.status == 503
        await client.fault("refuse_connects", hard=True, route="public")
        with pytest.raises(aiohttp.ClientError):
            async with client.socket(BOOK):
                pass
        await client.clear()
        async with client.socket(BOOK) as stream:
            await stream.next()


@pytest.mark.parametrize(
    ("args", "code"), [({}, 1001), ({"code": 1012}, 1012), ({"hard": True}, 1006)]
)
async def test_connections_are_closed_with_a_code(args: dict[str, Any], code: int) -> None:
    async with running() as client, client.socket(BOOK) as stream:
        await stream.next()
        await client.fault("close_all", route="public", **args)
        assert await stream.closing() == code


async def test_old_connections_are_cut() -> None:
    async with running() as client, client.socket(BOOK) as stream:
        await client.fault("cut_connections", age=3600)
        await stream.next()
        await client.fault("cut_connections")
        assert await stream.closing() == 1001


async def test_listen_key_expires_on_command() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            await client.fault("expire_listen_key")
            assert (await user.next())["e"] == "listenKeyExpired"
        assert await client.listen_key() != key


async def test_clock_moves_and_returns() -> None:
    async with running() as client, client.socket(BOOK) as stream:
        here = client.server._timer
        for offset in (60_000, -60_000):
            await client.fault("clock_offset", ms=offset)
            body = await client.get("/fapi/v1/time")
            assert abs(body["serverTime"] - here.Timestamp() // 1_000_000 - offset) < 1000
            quote = await stream.next(lambda body: abs(body["E"] - client.stamp()) < 1000)
            assert abs(quote["E"] - here.Timestamp() // 1_000_000 - offset) < 2000
        await client.clear()
        assert client.server.venue.offset_ns == 0


async def test_clock_is_not_checked_on_command() -> None:
    async with running() as client:
        old = client.stamp() - 60_000
        status, body = await client.signed("GET", "/fapi/v3/balance", timestamp=old)
        assert (status, body["code"]) == (400, -1021)
        await client.fault("ignore_recv_window")
        assert (await client.signed("GET", "/fapi/v3/balance", timestamp=old))[0] == 200


async def test_engine_faults_pass_through() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            await client.fault("manual_trade", symbol="BTCUSDT", qty="0.01")
            await user.next(is_event("ACCOUNT_UPDATE"))
        await client.place(newClientOrderId="hidden")
        await client.fault("hide_order", client_ids=["hidden"], endpoints=["order"], seconds=60)
        which = {"symbol": "BTCUSDT", "origClientOrderId": "hidden"}
        assert (await client.signed("GET", "/fapi/v1/order", **which))[1]["code"] == -2013
        await client.clear()
        assert (await client.signed("GET", "/fapi/v1/order", **which))[0] == 200


async def test_delisted_symbol_is_shown_so() -> None:
    async with running() as client, client.socket("/market/ws/!contractInfo") as stream:
        await client.fault("delist", symbol="BTCUSDT")
        info = await client.get("/fapi/v1/exchangeInfo")
        [row] = [row for row in info["symbols"] if row["symbol"] == "BTCUSDT"]
        assert row["status"] == "SETTLING"
        event = await stream.next()
        assert (event["e"], event["s"], event["cs"]) == ("contractInfo", "BTCUSDT", "SETTLING")


async def test_fault_is_cleared_by_id_or_name() -> None:
    async with running() as client:
        first = await client.fault("mute_market")
        await client.fault("mute_user")
        await client.clear(id=first["id"])
        assert [row["name"] for row in (await client.get("/venue/faults"))["active"]] == [
            "mute_user"
        ]
        await client.clear(name="mute_user")
        assert (await client.get("/venue/faults"))["active"] == []

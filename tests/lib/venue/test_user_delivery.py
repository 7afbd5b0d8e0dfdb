"""User streams: every form of URL, the events filter, the switches seen in the field, expiry."""

import pytest

from tests.lib.venue.test_server import is_event
from tests.lib.venue.wire_client import running


@pytest.mark.parametrize(
    "path",
    [
        "/private/ws/{key}",
        "/private/ws?listenKey={key}",
        "/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE",
        "/private/stream?listenKey={key}&events=ORDER_TRADE_UPDATE",
        "/private/stream?streams={key}",
    ],
)
async def test_user_stream_opens_in_every_form(path: str) -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(path.format(key=key)) as user:
            await client.place()
            event = await user.next(is_event("ORDER_TRADE_UPDATE"))
            if path.startswith("/private/stream"):
                assert event["stream"] == key


async def test_user_stream_opens_by_subscription() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket("/private/stream") as user:
            assert await user.ask(method="SUBSCRIBE", params=[key], id="a") == {
                "result": None,
                "id": "a",
            }
            await client.place()
            await user.next(is_event("ORDER_TRADE_UPDATE"))


async def test_events_filter_lets_only_its_names_through() -> None:
    async with running() as client:
        key = await client.listen_key()
        path = f"/private/ws?listenKey={key}&events=ACCOUNT_UPDATE"
        async with client.socket(path) as user:
            await client.place(type="MARKET", price="", timeInForce="")
            assert (await user.next())["e"] == "ACCOUNT_UPDATE"


@pytest.mark.parametrize("switch", ["silent", "expire"])
async def test_user_stream_without_events_can_be_refused_as_in_the_field(switch: str) -> None:
    async with running(user_stream_requires_events=switch) as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            if switch == "expire":
                assert (await user.next())["e"] == "listenKeyExpired"
            await client.place()
            assert await user.is_silent()
        async with client.socket(f"/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE") as user:
            await client.place(newClientOrderId="two")
            await user.next(is_event("ORDER_TRADE_UPDATE"))


async def test_expired_key_is_told_and_then_silent() -> None:
    async with running(listen_key_life=1.5) as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            event = await user.next()
            assert (event["e"], event["listenKey"]) == ("listenKeyExpired", key)
            await client.place()
            assert await user.is_silent(0.2)
            status, body, _ = await client.call("PUT", "/fapi/v1/listenKey", key=client.server.key)
            assert (status, body["code"]) == (400, -1125)


async def test_closed_key_is_silent() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            assert (await client.call("DELETE", "/fapi/v1/listenKey", key=client.server.key))[
                1
            ] == {}
            await client.place()
            assert await user.is_silent(0.2)

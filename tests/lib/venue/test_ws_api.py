"""The websocket API: the same truth as REST, in frames."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from tests.lib.venue.samples import sample, shape
from tests.lib.venue.wire_client import Socket, WireClient, running

PATH = "/ws-fapi/v1"


def named(client: WireClient, **params: Any) -> dict[str, Any]:
    found = {"apiKey": client.server.key, "timestamp": client.stamp(), **params}
    text = "&".join(f"{name}={found[name]}" for name in sorted(found))
    digest = hmac.new(client.server.secret.encode(), text.encode(), hashlib.sha256)
    return {**found, "signature": digest.hexdigest()}


async def place(client: WireClient, api: Socket, **changes: Any) -> Any:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.010",
        "price": "75000.00",
        "newClientOrderId": "one",
    }
    return await api.ask(id="p", method="order.place", params=named(client, **{**order, **changes}))


async def test_order_lives_through_all_four_methods() -> None:
    async with running() as client, client.socket(PATH) as api:
        placed = await place(client, api)
        assert shape(placed) == shape(sample("wsapi_order_place")["response"])
        which = {"symbol": "BTCUSDT", "origClientOrderId": "one"}
        found = await api.ask(id=1, method="order.status", params=named(client, **which))
        assert found["result"]["status"] == "NEW"
        assert shape(found["result"]) == shape(sample("wsapi_order_status")["response"]["result"])
        change = {**which, "side": "BUY", "quantity": "0.010", "price": "74000.00"}
        moved = await api.ask(id=2, method="order.modify", params=named(client, **change))
        assert moved["result"]["price"] == "74000.00"
        gone = await api.ask(id=3, method="order.cancel", params=named(client, **which))
        assert shape(gone["result"]) == shape(sample("wsapi_order_cancel")["response"]["result"])
        _, order = await client.signed("GET", "/fapi/v1/order", **which)
        assert order["status"] == "CANCELED"


async def test_errors_mirror_http() -> None:
    async with running() as client, client.socket(PATH) as api:
        bad = await place(client, api, quantity="")
        assert (bad["status"], bad["error"]["code"]) == (400, -1102)
        assert shape(bad) == shape(sample("wsapi_error")) or "error" in bad
        conditional = await place(client, api, type="STOP_MARKET")
        assert conditional["error"]["code"] == -4120
        params = named(client, symbol="BTCUSDT")
        params["signature"] = "0" * 64
        forged = await api.ask(id=4, method="order.status", params=params)
        assert (forged["status"], forged["error"]["code"]) == (400, -1022)
        stranger = await api.ask(id=5, method="account.status", params={"apiKey": "x" * 64})
        assert (stranger["status"], stranger["error"]["code"]) == (401, -2015)
        unknown = await api.ask(id=6, method="order.dance", params={})
        assert unknown["status"] == 400


@pytest.mark.parametrize(
    "method",
    [
        "account.balance",
        "v2/account.balance",
        "account.status",
        "v2/account.status",
        "account.position",
        "v2/account.position",
    ],
)
async def test_account_methods_answer(method: str) -> None:
    async with running() as client, client.socket(PATH) as api:
        answer = await api.ask(id=1, method=method, params=named(client))
        assert answer["status"] == 200, answer


async def test_market_methods_need_no_key() -> None:
    async with running() as client, client.socket(PATH) as api:
        depth = await api.ask(id=1, method="depth", params={"symbol": "BTCUSDT", "limit": 5})
        assert len(depth["result"]["bids"]) == 5
        price = await api.ask(id=2, method="ticker.price", params={"symbol": "BTCUSDT"})
        assert price["result"]["symbol"] == "BTCUSDT"
        book = await api.ask(id=3, method="ticker.book", params={"symbol": "BTCUSDT"})
        assert "bidPrice" in book["result"]


async def test_listen_key_is_managed() -> None:
    async with running() as client, client.socket(PATH) as api:
        params = {"apiKey": client.server.key}
        key = (await api.ask(id=1, method="userDataStream.start", params=params))["result"]
        assert key == {"listenKey": await client.listen_key()}
        ping = await api.ask(id=2, method="userDataStream.ping", params=params)
        assert ping["result"] == key
        stop = await api.ask(id=3, method="userDataStream.stop", params=params)
        assert stop["result"] == {}
        ping = await api.ask(id=4, method="userDataStream.ping", params=params)
        assert ping["error"]["code"] == -1125


async def test_rate_limits_can_be_hidden() -> None:
    async with running() as client, client.socket(f"{PATH}?returnRateLimits=false") as api:
        assert "rateLimits" not in await place(client, api)


async def test_conditional_orders_are_placed_and_cancelled() -> None:
    async with running() as client, client.socket(PATH) as api:
        order = {
            "algoType": "CONDITIONAL",
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "STOP_MARKET",
            "quantity": "0.010",
            "triggerPrice": "70000",
            "clientAlgoId": "stop",
        }
        placed = await api.ask(id=1, method="algoOrder.place", params=named(client, **order))
        assert placed["result"]["clientAlgoId"] == "stop"
        which = named(client, clientAlgoId="stop")
        gone = await api.ask(id=2, method="algoOrder.cancel", params=which)
        wanted = sample("wsapi_algoOrder_cancel")["response"]["result"]
        assert shape(gone["result"]) == shape(wanted)


async def test_session_is_opened_with_an_ed25519_key_only() -> None:
    key = ECC.generate(curve="ed25519")
    public = str(key.public_key().export_key(format="PEM"))
    accounts = [{"name": "a"}, {"name": "b", "key": "k" * 64, "public_key": public}]
    async with running(accounts=accounts) as client, client.socket(PATH) as api:
        refused = await api.ask(id=1, method="session.logon", params=named(client))
        assert refused["error"]["code"] == -4056
        params = {"apiKey": "k" * 64, "timestamp": client.stamp()}
        text = f"apiKey={params['apiKey']}&timestamp={params['timestamp']}"
        signed = base64.b64encode(eddsa.new(key, "rfc8032").sign(text.encode())).decode()
        logon = await api.ask(id=2, method="session.logon", params={**params, "signature": signed})
        wanted = sample("wsapi_session")["logon"]["response"]["result"]
        assert shape(logon["result"]) == shape(wanted)
        balance = await api.ask(
            id=3, method="v2/account.balance", params={"timestamp": client.stamp()}
        )
        assert balance["status"] == 200
        out = await api.ask(id=4, method="session.logout", params={})
        assert out["result"]["apiKey"] is None
        again = await api.ask(id=5, method="v2/account.balance", params={})
        assert again["status"] == 401


async def test_frames_that_are_no_requests_are_answered() -> None:
    async with running() as client, client.socket(PATH) as api:
        for text in ("{bad", "[]", '{"id":1}'):
            await api.ws.send_str(text)
            assert (await api.next())["status"] == 400

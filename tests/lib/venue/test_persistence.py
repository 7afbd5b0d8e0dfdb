"""A venue that was told to persist goes on where it stopped; one that was not starts anew."""

from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from tests.lib.venue.wire_client import WireClient, running


async def trade(client: WireClient) -> None:
    await client.signed("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
    assert (await client.place(type="MARKET", price="", timeInForce=""))[0] == 200
    assert (await client.place(newClientOrderId="rests"))[0] == 200
    assert (await client.place(newClientOrderId="gone"))[0] == 200
    await client.signed("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="gone")
    stop = {
        "algoType": "CONDITIONAL",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_MARKET",
        "quantity": "0.010",
        "triggerPrice": "70000",
        "clientAlgoId": "stop",
        "reduceOnly": "true",
    }
    assert (await client.signed("POST", "/fapi/v1/algoOrder", **stop))[0] == 200


async def views(client: WireClient) -> dict[str, Any]:
    found = {}
    for path in ("openOrders", "allOrders", "userTrades", "openAlgoOrders", "income"):
        found[path] = (await client.signed("GET", f"/fapi/v1/{path}", symbol="BTCUSDT"))[1]
    [position] = (await client.signed("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT"))[1]
    found["position"] = [position[name] for name in ("positionAmt", "entryPrice")]
    [balance] = (await client.signed("GET", "/fapi/v3/balance"))[1]
    found["wallet"] = balance["balance"]
    [setting] = (await client.signed("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT"))[1]
    found["leverage"] = setting["leverage"]
    return found


async def test_accounts_go_on_in_the_next_life(tmp_path: Path) -> None:
    path = str(tmp_path / "venue.json")
    async with running(persist=path) as client:
        await trade(client)
        before = await views(client)
        last = await client.get("/fapi/v1/ticker/price", symbol="BTCUSDT")
    async with running(persist=path) as client:
        assert await views(client) == before
        now = await client.get("/fapi/v1/ticker/price", symbol="BTCUSDT")
        assert abs(float(now["price"]) / float(last["price"]) - 1) < 0.01
        status, order = await client.place(newClientOrderId="new")
        assert status == 200
        assert order["orderId"] > max(row["orderId"] for row in before["allOrders"])
        for name in ("rests", "new"):
            status, _ = await client.signed(
                "DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId=name
            )
            assert status == 200
        assert (await client.signed("DELETE", "/fapi/v1/algoOrder", clientAlgoId="stop"))[0] == 200


async def test_armed_countdown_has_run_out_meanwhile(tmp_path: Path) -> None:
    path = str(tmp_path / "venue.json")
    async with running(persist=path) as client:
        await client.place()
        call = {"symbol": "BTCUSDT", "countdownTime": 100_000}
        assert (await client.signed("POST", "/fapi/v1/countdownCancelAll", **call))[0] == 200
    async with running(persist=path) as client:
        assert (await client.signed("GET", "/fapi/v1/openOrders", symbol="BTCUSDT"))[1] == []


async def test_file_is_written_while_the_venue_runs(tmp_path: Path) -> None:
    path = tmp_path / "venue.json"
    async with running(persist=str(path)) as client, client.socket("/public/ws/x@trade"):
        await client.place()
        stream = "/public/ws/btcusdt@bookTicker"
        async with client.socket(stream) as ticker:
            while not path.exists():
                await ticker.next()
        assert b"NEW" in path.read_bytes()


async def test_nothing_is_kept_unless_told() -> None:
    async with running() as client:
        await client.place()
    async with running() as client:
        assert client.server.engine.ledger()["orders"] == []


@pytest.mark.parametrize("text", ["no json", "{}", '{"version": 1}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "venue.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"venue.persist .*venue\.json is no venue's file"):
        VenueServer({"persist": str(path)}, LiveTimer())

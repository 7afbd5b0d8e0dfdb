"""Faults of REST calls: refused, hidden, late, hanging, cut, executed or not."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.lib.venue.test_server import is_event
from tests.lib.venue.wire_client import PATIENCE, WireClient, running


async def orders(client: WireClient) -> list[Any]:
    return list((await client.get("/venue/ledger"))["orders"])


@pytest.mark.parametrize("executed", [True, False])
async def test_error_answers_may_hide_an_executed_order(executed: bool) -> None:
    async with running() as client:
        await client.fault("unknown_rest", executed=executed, count=1)
        status, body = await client.place()
        assert (status, body) == (
            503,
            {"msg": "Unknown error, please check your request or try again later."},
        )
        assert len(await orders(client)) == executed
        await client.fault(
            "reject_rest", status=504, html=True, executed=executed, count=1, method="POST"
        )
        status, page = await client.place()
        assert (status, page[:6]) == (504, b"<html>")
        await client.fault(
            "reject_rest",
            status=503,
            code=-1008,
            msg="busy",
            executed=executed,
            path="order",
            count=1,
        )
        assert await client.place() == (503, {"code": -1008, "msg": "busy"})
        await client.fault("reset_rest", executed=executed, count=1, method="POST")
        with pytest.raises(aiohttp.ClientError):
            await client.place()
        assert len(await orders(client)) == 4 * executed
        assert (await client.place())[0] == 200


async def test_hanging_call_is_cut_without_an_answer() -> None:
    async with running() as client:
        await client.fault("hang_rest", executed=True, hang=0.3, count=1, method="POST")
        with pytest.raises(aiohttp.ClientError):
            await client.place()
        assert len(await orders(client)) == 1


async def test_late_answer_comes_after_the_event() -> None:
    async with running() as client:
        key = await client.listen_key()
        async with client.socket(f"/private/ws?listenKey={key}") as user:
            await client.fault("delay_rest", delay=0.4, count=1, method="POST")
            placing = asyncio.get_running_loop().create_task(client.place())
            await user.next(is_event("ORDER_TRADE_UPDATE", "NEW"))
            assert not placing.done()
            assert (await placing)[0] == 200


async def test_late_requests_overtake_each_other() -> None:
    async with running() as client:
        await client.fault("delay_rest", delay=0.4, before=True, count=1, method="POST")
        first = asyncio.get_running_loop().create_task(client.place(newClientOrderId="first"))
        async with asyncio.timeout(PATIENCE):
            while (await client.get("/venue/faults"))["active"]:
                pass
        await client.place(newClientOrderId="second")
        await first
        assert [order["client_id"] for order in await orders(client)] == ["second", "first"]


@pytest.mark.parametrize("executed", [True, False])
async def test_single_items_of_a_batch_fail(executed: bool) -> None:
    async with running() as client:
        item = (
            '{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"GTC",'
            '"quantity":"0.010","price":"75000","newClientOrderId":"%d"}'
        )
        batch = f"[{','.join(item % number for number in range(3))}]"
        await client.fault("fail_batch", items=[1], code=-1007, executed=executed, count=1)
        status, rows = await client.signed("POST", "/fapi/v1/batchOrders", batchOrders=batch)
        assert status == 200, rows
        assert [row.get("code", row.get("clientOrderId")) for row in rows] == ["0", -1007, "2"]
        placed = {order["client_id"] for order in await orders(client)}
        assert placed == ({"0", "1", "2"} if executed else {"0", "2"})


@pytest.mark.parametrize("status", [429, 418])
async def test_limits_are_broken_on_command(status: int) -> None:
    async with running() as client:
        await client.fault("rate_limit", status=status, retry_after=7, count=1)
        found, body, headers = await client.call("GET", "/fapi/v1/time")
        assert (found, body["code"], headers["retry-after"]) == (status, -1003, "7")
        assert (await client.call("GET", "/fapi/v1/time"))[0] == 200

"""A finished conditional order ended as its child did, and only the child says how."""

import asyncio
import contextlib
from decimal import Decimal
from typing import Any

import pytest

from lib.bus.protocol import OrderIntent
from lib.constants import Status
from lib.errors import ExchangeUnavailable
from lib.exchange.binance import children
from lib.exchange.binance.children import DeniedChildren
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.rest import ApiFailure
from lib.oms.proof import LOST_NS, LOST_UNHEARD
from lib.venue.server import VenueServer
from tests.lib.exchange.binance.gateway_tools import SYMBOL, Answers, intent, price

pytestmark = pytest.mark.timeout(60)


def test_a_denial_is_believed_when_it_was_repeated_for_a_minute() -> None:
    denied = DeniedChildren()
    assert not any(denied.deny("a", 0) for _ in range(2 * LOST_UNHEARD))
    assert not denied.deny("a", LOST_NS - 1)
    assert denied.deny("a", LOST_NS)
    # time alone is none
    denied.deny("b", 0)
    assert not denied.deny("b", LOST_NS)
    # one that was found meanwhile
    denied.forget("a")
    assert not denied.deny("a", LOST_NS)


async def filled_stop(gateway: BinanceGateway, venue: VenueServer) -> OrderIntent:
    """Return a stop that has triggered and filled."""
    await gateway.place(intent())
    stop = intent(price(venue, "0.9999"), side="SELL", stop=True, reduce_only=True)
    await gateway.place(stop)
    async with asyncio.timeout(30.0):
        while venue.engine.ledger()["algo_orders"][-1]["status"] != "FINISHED":
            await asyncio.sleep(0.02)
    return stop


async def test_a_child_that_is_not_found_by_our_id_is_found_by_its_number(
    gateway: BinanceGateway, venue: VenueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = await filled_stop(gateway, venue)
    get_order = gateway.client.futures_get_order

    async def by_number_only(**params: Any) -> Any:
        if "origClientOrderId" in params:
            raise ApiFailure(400, -2013, "Order does not exist.", 0.0)
        return await get_order(**params)

    monkeypatch.setattr(gateway.client, "futures_get_order", by_number_only)
    report = await gateway.query(SYMBOL, stop.id, conditional=True)
    assert report is not None
    assert (report.id, report.status, report.algo) == (stop.id, Status.FILLED, False)


async def test_a_finished_stop_whose_child_is_denied_for_a_moment_is_asked_for_again(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    stop = await filled_stop(gateway, venue)
    venue.engine.fault("hide_order", client_ids=[stop.id], endpoints=["order"], seconds=1.0)
    with pytest.raises(ExchangeUnavailable, match="does not show"):
        await gateway.query(SYMBOL, stop.id, conditional=True)
    async with asyncio.timeout(10.0):
        while True:
            with contextlib.suppress(ExchangeUnavailable):
                report = await gateway.query(SYMBOL, stop.id, conditional=True)
                break
            await asyncio.sleep(0.1)
    assert report is not None
    assert (report.status, report.filled_qty) == (Status.FILLED, Decimal("0.002"))


async def test_an_odd_row_of_a_child_is_not_taken_for_its_end(
    gateway: BinanceGateway, venue: VenueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = await filled_stop(gateway, venue)
    monkeypatch.setattr(gateway.client, "futures_get_order", Answers({"status": "FROZEN"}))
    with pytest.raises(ExchangeUnavailable, match="of another shape"):
        await gateway.query(SYMBOL, stop.id, conditional=True)


@pytest.mark.parametrize("has_trades", [True, False])
async def test_a_finished_stop_whose_child_is_denied_for_a_minute_ended_as_its_trades_say(
    gateway: BinanceGateway,
    venue: VenueServer,
    monkeypatch: pytest.MonkeyPatch,
    *,
    has_trades: bool,
) -> None:
    stop = await filled_stop(gateway, venue)
    venue.engine.fault("hide_order", client_ids=[stop.id], endpoints=["order"])
    monkeypatch.setattr(children, "LOST_NS", 0)
    for _ in range(LOST_UNHEARD - 1):
        with pytest.raises(ExchangeUnavailable, match="does not show"):
            await gateway.query(SYMBOL, stop.id, conditional=True)
    if not has_trades:
        # it ended without one, and was forgotten
        monkeypatch.setattr(gateway.client, "futures_account_trades", Answers([]))
    report = await gateway.query(SYMBOL, stop.id, conditional=True)
    assert report is not None
    expected = (Status.FILLED, Decimal("0.002")) if has_trades else (Status.CANCELED, Decimal(0))
    assert (report.status, report.filled_qty) == expected
    # by the child's number its fills are asked for, and known again in a sweep
    assert report.exchange_id == report.child_id > 0

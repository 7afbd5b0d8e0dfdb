"""What exchanges do to single orders: overload, fills amid cancels, meetings of our own orders."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import Account, Method, OrderIntent
from lib.constants import NS_PER_SECOND
from lib.oms.ids import ClientIds
from lib.venue.market import Print
from tests.orders.benches import (
    QUICK,
    RISK,
    clear_faults,
    fault,
    placed,
    requests,
)
from tests.workers.exchange_bench import LIFE, OWNER, PROJECT, SYMBOL, Bench, until

SECONDS = 20.0
ORDERS = "/fapi/v1/order"
TAKER = "taker:BTCUSDT"
OVERLOAD = {
    "method": "POST",
    "path": "order",
    "status": 503,
    "code": -1008,
    "msg": "Request throttled by system-level protection. Reduce-only/close-position orders are "
    "exempt. Please try again.",
}
pytestmark = pytest.mark.timeout(90)


def held(bench: Bench) -> str:
    """Return the position at the venue."""
    rows = bench.ledger()["accounts"]["main"]["positions"]
    return next((row["qty"] for row in rows if row["symbol"] == SYMBOL), "0")


def told_position(bench: Bench) -> list[str]:
    """Return the newest position that the bot was told."""
    rows = [row.qty for row in bench.messages if isinstance(row, Account) and row.symbol == SYMBOL]
    return rows[-1:]


# --- overload


async def test_while_the_exchange_is_overloaded_exposure_only_falls(bench: Bench) -> None:
    await bench.post(bench.intent(qty="0.006"))
    fault(bench, "reject_rest", **OVERLOAD, spare_exits=True)
    for left in ("0.004", "0.002"):
        (entry,) = await bench.post(bench.intent())
        # the exchange is not believed that it does not exist: it is asked for
        assert entry.status == "unknown"
        (exit_,) = await bench.post(bench.intent(side="SELL", reduce_only=True))
        assert exit_.status == "ok"
        assert held(bench) == left
    fault(bench, "reject_rest", **OVERLOAD)
    failed_ns = bench.timer.Monotonic()
    (stuck,) = await bench.post(bench.intent(side="SELL", reduce_only=True))
    assert stuck.status == "unknown"
    await until(lambda: alarms(bench), SECONDS)
    assert 5 * NS_PER_SECOND <= bench.timer.Monotonic() - failed_ns < 8 * NS_PER_SECOND
    (text,) = alarms(bench)
    assert f"exits of {OWNER} have failed for 5 s" in text
    # when it is over, nothing that was refused before goes out, and trade goes on
    sent = len(requests(bench, "POST", ORDERS))
    clear_faults(bench)
    await until(lambda: not any(bench.worker._authority.orders.open_orders()), SECONDS)
    assert len(requests(bench, "POST", ORDERS)) == sent
    assert held(bench) == "0.002"
    (out,) = await bench.post(bench.intent(side="SELL", reduce_only=True))
    (again,) = await bench.post(bench.intent())
    assert (out.status, again.status) == ("ok", "ok")
    assert len(alarms(bench)) == 1


def alarms(bench: Bench) -> list[str]:
    return [row.facts["message"] for row in bench.reports if row.kind == "alarm"]


# --- a partial fill amid a cancel


def fill_part(bench: Bench, order: OrderIntent, qty: str) -> None:
    """Have one trade of the market fill a part of a resting bid."""
    now_ns = bench.venue.now()
    below = Decimal(order.price) - Decimal("0.1")
    bench.venue.engine.on_market(Print(SYMBOL, below, Decimal(qty), True, 0, now_ns))
    bench.venue.venue.settle(now_ns)


EVENTS: dict[str, dict[str, Any]] = {
    "": {},
    "delay_user": {"delay": 0.7},
    "reorder_user": {"count": 4},
    "duplicate_user": {"count": 8},
    "mute_user": {"existing_only": True},
}


@pytest.mark.parametrize(
    ("point", "events"),
    [
        *(("twice", name) for name in EVENTS),
        *(("reply lost", name) for name in ("", "reorder_user", "mute_user")),
        *((point, "") for point in ("before", "under way")),
    ],
)
async def test_a_part_that_fills_amid_a_cancel_is_known_exactly(
    bench: Bench, point: str, events: str
) -> None:
    order = bench.intent(qty="0.004", price=bench.price("0.98"))
    await bench.post(order)
    await bench.status(order.id, "NEW")
    if events:
        fault(bench, events, **EVENTS[events])
    if point in ("before", "twice"):
        fill_part(bench, order, "0.001")
    if point in ("under way", "twice"):
        cancel = {"method": "DELETE", "path": "order", "count": 1}
        fault(bench, "delay_rest", **cancel, delay=0.2, before=True)
    if point == "reply lost":
        fill_part(bench, order, "0.001")
        fault(bench, "reset_rest", method="DELETE", path="order", count=1)
    number = await bench.send(Method.CANCEL, [order.id])
    if point in ("under way", "twice"):
        await until(lambda: bench.worker._authority.orders.get(order.id).cancels)  # type: ignore[union-attr]
        fill_part(bench, order, "0.001")
    await bench.reply(number)
    final = await until(lambda: ended(bench, order), SECONDS)
    filled = "0.002" if point == "twice" else "0.001"
    assert (final.status, final.filled_qty) == ("CANCELED", filled)
    assert placed(bench, order.id) == ["CANCELED"]
    told = [update.fill_qty for update in bench.of(order.id) if update.trade_id]
    assert sum(map(Decimal, told)) == Decimal(filled)
    await until(lambda: told_position(bench) == [filled], SECONDS)
    assert held(bench) == filled


def ended(bench: Bench, order: OrderIntent) -> Any:
    return next((row for row in bench.of(order.id) if row.status == "CANCELED"), None)


async def test_what_is_left_below_the_least_notional_can_be_sold_and_is_not_tried_for_ever(
    bench: Bench,
) -> None:
    order = bench.intent(qty="0.004", price=bench.price("0.98"))
    await bench.post(order)
    fill_part(bench, order, "0.001")
    await bench.ask(Method.CANCEL, [order.id])
    await bench.status(order.id, "CANCELED")
    sent = len(requests(bench, "POST", ORDERS))
    # 0.001 BTC is worth less than the 100 USDT that a new order must be worth
    (refused,) = await bench.post(bench.intent(qty="0.001", price=bench.price("0.98")))
    assert (refused.status, refused.code) == ("rejected", -1111)
    assert len(requests(bench, "POST", ORDERS)) == sent
    (sold,) = await bench.post(bench.intent(qty="0.001", side="SELL", reduce_only=True))
    assert sold.status == "ok"
    assert len(requests(bench, "POST", ORDERS)) == sent + 1
    await until(lambda: told_position(bench) == ["0"])


# --- two bots that meet


@pytest.mark.parametrize(
    ("mode", "ends"),
    [
        ("EXPIRE_MAKER", ("EXPIRED", "PARTIALLY_FILLED")),
        ("EXPIRE_TAKER", ("NEW", "EXPIRED")),
        ("EXPIRE_BOTH", ("EXPIRED", "EXPIRED")),
        ("NONE", ("FILLED", "FILLED")),
    ],
)
async def test_two_bots_that_cross_each_other_know_the_outcome_within_a_second(
    run_dir: Path, mode: str, ends: tuple[str, str]
) -> None:
    config = {"risk": {**RISK, "max_order_usd": 0}, **QUICK, "owners": [OWNER, TAKER]}
    still = {"self_trade_prevention": mode, "rate": 0.001}
    bench = Bench(run_dir, config, venue=still)
    bench.lives[TAKER] = (LIFE, "ready")
    async with bench:
        await bench.ready()
        await bench.hello()
        await bench.hello(owner=TAKER)
        bids, _, _ = bench.venue.engine.depth(SYMBOL)
        price, shown = bids[0]
        maker = bench.intent(qty="0.002", price=str(price))
        await bench.post(maker)
        taker = crossing(bench, price, shown)
        begun_ns = bench.timer.Monotonic()
        (taken,) = await bench.post(taker, owner=TAKER)
        assert taken.status == "ok", taken
        for order, status in zip((maker, taker), ends, strict=True):
            await bench.status(order.id, status)
        assert bench.timer.Monotonic() - begun_ns < NS_PER_SECOND
        truth = sorted((row["id"], row["client_id"]) for row in bench.ledger()["fills"])
        told = sorted((row.trade_id, row.id) for row in bench.updates if row.trade_id)
        assert told == truth
        reasons = [row.reason for row in bench.updates if row.status == "EXPIRED"]
        assert len(reasons) == ends.count("EXPIRED")
        assert all("of the same account" in reason for reason in reasons)


def crossing(bench: Bench, price: Decimal, shown: Decimal) -> OrderIntent:
    """Return an order that takes what stands before the maker's, then the maker's."""
    client_id = ClientIds(PROJECT, TAKER).next(bench.timer.Timestamp())
    qty = str(shown + Decimal("0.002"))
    return OrderIntent(client_id, SYMBOL, "SELL", qty, str(price), False, False, False, "", 0)

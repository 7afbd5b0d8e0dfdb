"""Limits bind the worst case; latches hold until somebody opens them."""

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import Method
from lib.constants import NS_PER_SECOND, Status
from lib.oms.day import Day, Holding
from lib.oms.ids import ClientIds
from lib.oms.latches import PAUSE_NS, Latches
from lib.oms.limits import Limits, RiskLimits
from lib.oms.orders import Orders
from lib.oms.risk import EVERYONE, Quote, Risk
from lib.oms.tracked import Tracked
from tests.lib.oms.order_tools import NOW, OWNER, PREFIX, fill, intent, report
from tests.orders.benches import FREE, QUICK, clear_faults, fault, free_bench, placed
from tests.workers.exchange_bench import Bench, until

NONE = {field.name: 0 for field in fields(Limits)}
QUOTES = {"BTCUSDT": Quote(Decimal(99), Decimal(101))}


class Scene:
    """Orders of one owner under some limits."""

    def __init__(self, **limits: Any) -> None:
        self.orders = Orders({PREFIX: OWNER})
        section = {**NONE, **limits, "account": NONE | limits.pop("account", {})}
        self.risk = Risk(RiskLimits(section), self.orders)
        self.ids = ClientIds("test", OWNER)
        self.positions: dict[str, list[Decimal]] = {"BTCUSDT": [Decimal(0)]}
        self.now_ns = 0

    def order(self, qty: str = "1", price: str = "100", side: str = "BUY") -> Tracked:
        wanted = intent(self.ids.next(NOW), qty, price)._replace(side=side)
        return self.orders.accept(OWNER, 1, wanted, NOW)

    def check(self, order: Tracked) -> str:
        reason = self.risk.check(order, self.positions, QUOTES, self.now_ns)
        if reason:
            self.orders.end(order.id, Status.REJECTED, reason, NOW)
        return reason


def test_orders_in_flight_count_as_if_they_were_filled() -> None:
    scene = Scene(max_position_qty=2)
    assert scene.check(scene.order()) == ""
    assert scene.check(scene.order()) == ""
    assert "max_position_qty" in scene.check(scene.order("0.1"))
    # the other side has its own worst case
    assert scene.check(scene.order("2", side="SELL")) == ""


@pytest.mark.parametrize("state", ["unknown", "cancel wanted", "conditional"])
def test_whatever_may_still_trade_counts(state: str) -> None:
    scene = Scene(max_position_qty=1)
    first = scene.order()
    assert scene.check(first) == ""
    if state == "unknown":
        scene.orders.on_unknown(first.id, "?", NOW)
    elif state == "cancel wanted":
        scene.orders.on_report(report(Status.NEW, client_id=first.id), NOW)
        scene.orders.want_cancel([first], NOW)
    else:
        first.conditional = True
    assert scene.check(scene.order("0.1")) != ""
    scene.orders.on_report(report(Status.CANCELED, client_id=first.id), NOW)
    assert scene.check(scene.order("0.1")) == ""


def test_of_positions_that_disagree_the_worse_counts() -> None:
    scene = Scene(max_position_qty=2)
    scene.positions["BTCUSDT"] = [Decimal(0), Decimal("1.5")]
    assert scene.check(scene.order()) != ""
    assert scene.check(scene.order("2", side="SELL")) == ""


def test_a_fill_moves_quantity_from_order_to_position() -> None:
    scene = Scene(max_position_qty=1)
    order = scene.order()
    assert scene.check(order) == ""
    half = report(Status.PARTIALLY_FILLED, "0.5", client_id=order.id, fill=fill("0.5", 3))
    scene.orders.on_report(half, NOW)
    scene.positions["BTCUSDT"] = [Decimal("0.5")]
    assert scene.check(scene.order("0.001")) != ""


@pytest.mark.parametrize(
    ("limits", "order", "word"),
    [
        ({"max_order_qty": 1}, {"qty": "1.1"}, "max_order_qty"),
        ({"max_order_usd": 99}, {}, "max_order_usd"),
        ({"max_order_usd": 100}, {"price": ""}, "max_order_usd"),
        ({"max_position_usd": 99}, {}, "max_position_usd"),
        ({"price_band": "0.05"}, {"price": "94"}, "price_band"),
        ({"account": {"max_position_usd": 99}}, {}, "account"),
    ],
)
def test_each_limit_says_what_is_wrong(
    limits: dict[str, Any], order: dict[str, str], word: str
) -> None:
    scene = Scene(**limits)
    assert word in scene.check(scene.order(**order))


def test_what_rests_in_a_symbol_without_a_book_counts_by_its_own_price() -> None:
    scene = Scene(account={"max_position_usd": 150})
    other = intent(scene.ids.next(NOW), "1", "100")._replace(symbol="ETHUSDT")
    scene.orders.accept(OWNER, 1, other, NOW)
    assert "could be worth 200" in scene.check(scene.order())


def test_counts_and_pace_are_limited() -> None:
    scene = Scene(max_open_orders=2)
    assert [scene.check(scene.order("0.1")) == "" for _ in range(3)] == [True, True, False]
    scene = Scene(max_orders_per_second=2)
    assert [scene.check(scene.order("0.1")) == "" for _ in range(3)] == [True, True, False]
    scene.now_ns = NS_PER_SECOND
    assert scene.check(scene.order("0.1")) == ""


def test_bots_have_limits_of_their_own() -> None:
    limits = RiskLimits({"max_order_qty": 5, "bots": {"quoter": {"max_order_qty": 1}}})
    assert limits.of(OWNER).max_order_qty == 1
    assert limits.of("other:BTCUSDT").max_order_qty == 5


# --- latches and the day


def held(qty: int) -> dict[str, Holding]:
    """Return what the owner holds for sure, since long ago."""
    return {OWNER: Holding(Decimal(qty), 0)}


def priced(price: int) -> dict[str, Decimal]:
    """Return the owner's price."""
    return {OWNER: Decimal(price)}


def kept(rows: list[Any]) -> dict[str, Any]:
    return {row.name: json.loads(row.value) for row in rows if row is not None}


def test_a_halt_outlives_the_process_until_resume() -> None:
    latches = Latches({})
    facts = kept([latches.halt([OWNER], "lunch")])
    reborn = Latches(facts)
    assert reborn.reason(OWNER, 0) == "halted: lunch"
    assert reborn.reason("other:X", 0) == ""
    assert Latches(kept(reborn.resume([OWNER]))).reason(OWNER, 0) == ""


def test_repeated_refusals_pause_a_bot_for_a_minute() -> None:
    latches = Latches({})
    rows = [latches.on_refused(OWNER, 3, NOW + number) for number in range(4)]
    assert [row is not None for row in rows] == [False, False, False, True]
    reborn = Latches(kept(rows))
    assert "paused" in reborn.reason(OWNER, NOW)
    assert reborn.reason(OWNER, NOW + 3 + PAUSE_NS) == ""


def test_the_day_counts_cash_fees_and_what_is_held() -> None:
    orders = Orders({PREFIX: OWNER})
    day = Day({})
    row = day.begin(NOW, priced(100), held(2))
    order = orders.accept(OWNER, 1, intent(), NOW)
    bought = order.update(fill("1", 4, "100")._replace(event_ns=NOW + 1))
    bought = bought._replace(fill_sequence=1)
    day.on_fill(bought)
    # two held from before and one bought now lose ten each, and the fee
    assert day.result(OWNER, Decimal(90)) == Decimal("-30.01")
    reborn = Day(kept([row]))
    assert reborn.begin(NOW + 5, priced(90), held(3)) is None
    reborn.on_fill(bought)
    assert reborn.result(OWNER, Decimal(90)) == Decimal("-30.01")
    tomorrow = NOW + 86_400 * NS_PER_SECOND
    assert reborn.begin(tomorrow, priced(90), held(3)) is not None
    assert reborn.result(OWNER, Decimal(90)) == 0


def test_a_restart_counts_only_the_fills_after_the_journaled_results() -> None:
    orders = Orders({PREFIX: OWNER})
    day = Day({})
    start = day.begin(NOW, priced(100), held(0))
    order = orders.accept(OWNER, 1, intent(), NOW)
    bought = [
        order.update(fill("1", number, "100")._replace(event_ns=NOW + number))._replace(
            fill_sequence=number
        )
        for number in (1, 2, 3)
    ]
    for update in bought[:2]:
        day.on_fill(update)
    facts = kept([start, day.running()])
    assert day.running() is None
    day.on_fill(bought[2])

    reborn = Day(facts)
    for update in bought:  # those that are counted may come, too
        reborn.on_fill(update)

    assert reborn.result(OWNER, Decimal(90)) == day.result(OWNER, Decimal(90))
    assert Day({}).result(OWNER, Decimal(90)) == 0


@pytest.mark.parametrize(
    ("asset", "fee", "maker", "cost"),
    [
        ("USDT", "0.3", False, "0.3"),
        ("USDT", "-0.1", True, "-0.1"),
        ("BNB", "0.001", True, "0.4"),
        ("BNB", "0.001", False, "1"),
        ("BNB", "0", False, "0"),
    ],
)
def test_a_fee_in_another_asset_is_worked_out_from_the_rates(
    asset: str, fee: str, maker: bool, cost: str
) -> None:
    orders = Orders({PREFIX: OWNER})
    day = Day({})
    day.begin(NOW, priced(1_000), held(0))
    order = orders.accept(OWNER, 1, intent(), NOW)
    bought = fill("2", 4, "1000")._replace(
        fee=Decimal(fee), fee_asset=asset, maker=maker, event_ns=NOW + 1
    )
    day.on_fill(order.update(bought)._replace(fill_sequence=1))
    assert day.result(OWNER, Decimal(1_000)) == -Decimal(cost)


# --- against the venue


@pytest.fixture
async def bench(run_dir: Path) -> AsyncIterator[Bench]:
    """A worker with limits of its own, and one living bot."""
    risk = {**FREE, "max_position_qty": "0.01", "max_refusals": 3, "account": FREE}
    async with free_bench(run_dir, risk=risk) as made:
        await made.ready()
        await made.hello()
        yield made


async def test_a_refused_order_gets_its_reason_and_exits_pass(bench: Bench) -> None:
    (refused,) = await bench.post(bench.intent(qty="0.011", price=bench.price("0.98")))
    assert (refused.status, "max_position_qty" in refused.message) == ("rejected", True)
    assert bench.ledger()["orders"] == []
    await bench.post(bench.intent(qty="0.010"))
    (full,) = await bench.post(bench.intent(qty="0.002"))
    assert full.status == "rejected"
    (out,) = await bench.post(bench.intent(qty="0.010", side="SELL", reduce_only=True))
    assert out.status == "ok"


async def test_a_list_cannot_take_the_last_room_twice(bench: Bench) -> None:
    orders = [bench.intent(qty="0.006", price=bench.price("0.98")) for _ in range(2)]
    outcomes = await bench.post(*orders)
    assert sorted(outcome.status for outcome in outcomes) == ["ok", "rejected"]


async def test_a_position_that_no_bot_trades_counts_in_the_account_s_limit(run_dir: Path) -> None:
    risk = {**FREE, "account": {**FREE, "max_position_usd": 1_000}}
    both = {"active": ["BTCUSDT", "ETHUSDT"]}
    async with Bench(run_dir, {"risk": risk, **QUICK}, venue=both) as bench:
        await bench.ready()
        await bench.hello()
        (fine,) = await bench.post(bench.intent(price=bench.price("0.98")))
        assert fine.status == "ok"
        fault(bench, "manual_trade", symbol="ETHUSDT", qty="5")
        book = bench.worker._authority.book
        await until(lambda: not book.is_flat("ETHUSDT"))
        (refused,) = await bench.post(bench.intent(price=bench.price("0.98")))
        assert "account: all positions could be worth" in refused.message


async def test_the_circuit_breaker_pauses_and_resume_ends_it(bench: Bench) -> None:
    for _ in range(4):
        await bench.post(bench.intent(qty="0.011", price=bench.price("0.98")))
    (paused,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert "paused" in paused.message
    bench.worker._authority.warden.resume(None)
    (again,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert again.status == "ok"


async def test_a_halt_stops_what_is_about_to_be_signed(bench: Bench) -> None:
    fault(bench, "delay_rest", method="GET", path="ticker/bookTicker", delay=0.3)
    order = bench.intent(price=bench.price("0.98"))
    bench.worker._authority.warden.halt([EVERYONE], "now")
    (refused,) = await bench.post(order)
    assert refused.message == "halted: now"
    assert placed(bench, order.id) == []


async def test_a_halt_with_flatten_ends_flat_and_says_so(bench: Bench) -> None:
    await bench.post(bench.intent(qty="0.010"))
    await bench.post(bench.intent(price=bench.price("0.98")))
    admin = bench.worker._admin
    assert admin.handle("halt", ["7", {"owners": [OWNER], "flatten": True, "within": 20}])
    answer = await until(lambda: next((r for r in bench.reports if r.kind == "answer"), None), 20)
    assert (answer.facts["id"], answer.facts["ok"]) == ("7", True)
    (account,) = bench.ledger()["accounts"].values()
    assert account["positions"] == []
    assert all(row["status"] != "NEW" for row in bench.ledger()["orders"])


@pytest.mark.parametrize("within", [5, 60])
async def test_a_flatten_closes_positions_while_an_order_is_in_doubt(
    bench: Bench, within: int
) -> None:
    await bench.post(bench.intent(qty="0.010"))
    fault(bench, "reject_rest", method="POST", path="algoOrder", status=502, html=True)
    fault(bench, "reject_rest", method="GET", path="openAlgoOrders", status=502, html=True)
    stop = bench.intent("0.010", bench.price("0.9"), side="SELL", stop=True, reduce_only=True)
    await bench.post(stop)
    halt = {"owners": [OWNER], "flatten": True, "within": within}
    bench.worker._admin.handle("halt", ["9", halt])
    (name,) = bench.ledger()["accounts"]
    assert bench.ledger()["accounts"][name]["positions"]
    await until(lambda: not bench.ledger()["accounts"][name]["positions"], 15)
    if within == 5:
        answer = await until(lambda: next((r for r in bench.reports if r.kind == "answer"), None))
        assert answer.facts["error"] == "not flat yet: 1 order"
        return
    # flat is not enough: the order could still come
    assert not [report for report in bench.reports if report.kind == "answer"]
    assert bench.worker._authority.orders.get(stop.id).cancel_wanted
    clear_faults(bench)
    answer = await until(lambda: next((r for r in bench.reports if r.kind == "answer"), None), 30)
    assert (answer.facts["ok"], answer.facts["orders"]) == (True, [])


async def test_a_flatten_that_cannot_end_states_the_remainder(bench: Bench) -> None:
    await bench.post(bench.intent(qty="0.010"))
    fault(bench, "reject_rest", method="POST", path="order", status=400, code=-2022, msg="no")
    admin = bench.worker._admin
    admin.handle("halt", ["8", {"owners": [OWNER], "flatten": True, "within": 2}])
    answer = await until(lambda: next((r for r in bench.reports if r.kind == "answer"), None), 20)
    assert answer.facts["ok"] is False
    assert "not flat yet: BTCUSDT 0.01" in answer.facts["error"]
    assert answer.facts["exit"] == 1


async def test_a_daily_loss_halts_until_resume(run_dir: Path) -> None:
    risk = {**FREE, "max_daily_loss_usd": "0.01", "account": FREE}
    async with free_bench(run_dir, risk=risk) as bench:
        await bench.ready()
        await bench.hello()
        warden = bench.worker._authority.warden
        resting = bench.intent(price=bench.price("0.98"))
        await bench.post(resting)
        warden.check_day(bench.venue.now())
        await bench.post(bench.intent(qty="0.010"))  # the fee alone is more
        await until(lambda: placed(bench, resting.id) == ["CANCELED"])
        assert warden.latches.halts == {OWNER: "daily loss"}
        (refused,) = await bench.post(bench.intent(price=bench.price("0.98")))
        assert refused.message == "halted: daily loss"
        await bench.ask(Method.CANCEL, [])

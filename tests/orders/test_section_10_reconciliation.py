"""Reads are value, proven absent, or unknown; unknown changes nothing."""

from decimal import Decimal

import pytest

from lib.constants import OrderType, Side, Status
from lib.oms.account import AccountBook
from lib.oms.events import AccountReport, OrderReport, PositionReport
from tests.lib.oms.test_account import NOW, SECOND, position
from tests.orders.benches import clear_faults, fault, placed
from tests.workers.exchange_bench import LIFE, OWNER, Bench, until

pytestmark = pytest.mark.timeout(120)


def test_a_correction_needs_two_reads_that_agree() -> None:
    book = AccountBook("X", ["BTCUSDT"])
    book.on_report(AccountReport((position("2"),), (), NOW))
    newer = PositionReport(*position("3")[:4], NOW + 5)
    assert book.on_positions([newer], NOW + 2 * SECOND) == []
    # until then both may be true
    assert {*map(str, book.possible("BTCUSDT"))} == {"2", "3"}
    other = newer._replace(qty=newer.qty * 2)
    assert book.on_positions([other], NOW + 4 * SECOND) == []
    assert book.on_positions([newer], NOW + 6 * SECOND) == []
    (told,) = book.on_positions([newer], NOW + 8 * SECOND)
    assert told.qty == "3"
    assert book.doubts == []


def test_an_event_settles_a_doubt() -> None:
    book = AccountBook("X", ["BTCUSDT"])
    book.on_report(AccountReport((position("2"),), (), NOW))
    book.on_positions([PositionReport(*position("3")[:4], NOW + 5)], NOW + 2 * SECOND)
    book.on_report(AccountReport((position("4", at=NOW + 9),), (), NOW + 9))
    assert book.doubts == []
    assert book.position("BTCUSDT").qty == "4"


async def test_what_is_missing_is_looked_for_but_the_account_counts_as_read(bench: Bench) -> None:
    authority = bench.worker._authority
    intent = bench.intent(price=bench.price("0.98"))
    long_ago_ns = authority.gateway.now_ns() - 60 * SECOND
    lost = authority.orders.accept(OWNER, LIFE, intent, long_ago_ns)
    report = OrderReport(
        lost.id, lost.symbol, 1, Side.BUY, OrderType.LIMIT, Status.NEW, lost.price, lost.qty,
        Decimal(0), reduce_only=False, event_ns=lost.sent_ns,
    )  # fmt: skip
    authority.orders.on_report(report, lost.sent_ns)
    sync = authority.sync
    sync.request()
    await until(lambda: lost.missing_ns > 0)
    await until(lambda: sync.checks > 0)
    corrections, checks = sync.corrections, sync.checks

    sync.request()
    await until(lambda: sync.checks > checks)

    assert corrections > 0
    assert sync.corrections == corrections
    assert lost.is_open


async def test_no_order_is_dropped_because_a_list_lacks_it(bench: Bench) -> None:
    orders = [bench.intent(price=bench.price(f"0.9{digit}")) for digit in (8, 7, 6, 5)]
    await bench.post(*orders)
    bench.venue.engine.fault("subset_open_orders", keep=0.0, seconds=3)
    bench.worker._authority.sync.request()
    checks = bench.worker._authority.sync.checks
    await until(lambda: bench.worker._authority.sync.checks > checks)
    assert {order.id for order in bench.worker._authority.orders.open_orders()} == {
        order.id for order in orders
    }
    for order in orders:
        assert placed(bench, order.id) == ["NEW"]


async def test_reads_that_fail_change_nothing_and_are_repeated(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    sync = bench.worker._authority.sync
    fault(bench, "reject_rest", method="GET", status=502, html=True, seconds=1.0)
    checks = sync.checks
    sync.request()
    await until(lambda: sync.checks > checks, 15.0)
    clear_faults(bench)
    assert placed(bench, order.id) == ["NEW"]
    assert [row.status for row in bench.of(order.id)] == ["NEW"]


async def test_a_user_can_ask_for_it(bench: Bench) -> None:
    bench.worker._admin.handle("reconcile", ["1", {}])
    answer = await until(lambda: next((r for r in bench.reports if r.kind == "answer"), None))
    assert answer.facts == {"id": "1", "ok": True, "complete": True, "corrections": 0, "fills": 0}


async def test_an_order_in_doubt_blocks_its_symbol_until_it_is_resolved(bench: Bench) -> None:
    fault(bench, "hang_rest", method="POST", path="order", hang=0.1, count=1)
    fault(bench, "reject_rest", method="GET", path="order", status=502, html=True)
    order = bench.intent(price=bench.price("0.98"))
    (outcome,) = await bench.post(order)
    assert outcome.status == "unknown"
    patrol = bench.worker._authority.patrol
    now_ns = bench.timer.Monotonic()
    patrol.block_uncertain(now_ns)
    patrol.block_uncertain(now_ns + 61 * SECOND)
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert "cannot be found out" in refused.message
    bench.worker._admin.handle("resolve", ["2", {"id": order.id}])
    answer = await until(lambda: next((r for r in bench.reports if r.kind == "answer"), None))
    said = {"id": "2", "ok": True, "order": order.id, "status": "NOT_PLACED"}
    assert answer.facts == said
    clear_faults(bench)
    patrol.block_uncertain(now_ns)
    (again,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert again.status == "ok"


async def test_what_the_exchange_has_is_not_resolved_but_cancelled(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    for number, name in enumerate((order.id, "6b633f50-never")):
        bench.worker._admin.handle("resolve", [str(number), {"id": name}])
    await until(lambda: len(bench.reports) == 2)
    kept, unknown = (report.facts for report in bench.reports)
    assert kept["error"] == f"{order.id} is NEW: the exchange has it; cancel it"
    assert (kept["id"], kept["exit"]) == ("0", 1)
    assert unknown == {
        "id": "1", "ok": False, "exit": 2, "error": "no order 6b633f50-never is known",
    }  # fmt: skip

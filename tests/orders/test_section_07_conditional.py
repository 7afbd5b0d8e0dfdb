"""A conditional order and its child are one object, found in lists, cancelled in both places."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from lib.bus.protocol import Method, OrderIntent
from lib.oms.actions import QueryOrder
from tests.orders.benches import clear_faults, fault, free_bench, placed
from tests.workers.exchange_bench import Bench, until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def bench(run_dir: Path) -> AsyncIterator[Bench]:
    """A worker that is ready, and one living bot with a position."""
    async with free_bench(run_dir) as made:
        await made.ready()
        await made.hello()
        await made.post(made.intent(qty="0.010"))
        yield made


def stop(bench: Bench, factor: str = "0.95") -> OrderIntent:
    price = bench.price(factor)
    return bench.intent(qty="0.010", side="SELL", price=price, stop=True, reduce_only=True)


async def test_only_what_reduces_may_be_conditional(bench: Bench) -> None:
    risky = stop(bench)._replace(reduce_only=False)
    (refused,) = await bench.post(risky)
    assert refused.status == "rejected"
    assert "reduce-only" in refused.message


async def test_a_lost_reply_is_found_in_the_lists_when_the_single_query_denies_it(
    bench: Bench,
) -> None:
    fault(bench, "mute_user", event="ALGO_UPDATE", seconds=2.0)
    bench.venue.engine.fault("algo_get_not_found", seconds=30)
    fault(bench, "reset_rest", method="POST", path="algoOrder", count=1, executed=True)
    order = stop(bench)
    (outcome,) = await bench.post(order)
    assert outcome.status == "unknown"
    await bench.status(order.id, "NEW")
    assert placed(bench, order.id) == ["NEW"]


async def test_a_child_that_fills_before_the_trigger_is_told_is_the_same_order(
    bench: Bench,
) -> None:
    fault(bench, "delay_user", event="ALGO_UPDATE", delay=0.5)
    order = stop(bench, "1.02")._replace(side="SELL")
    # a stop that is beyond the market triggers at the next price
    buy = bench.intent(
        qty="0.010", side="SELL", price=bench.price("0.9999"), stop=True, reduce_only=True
    )
    await bench.post(buy)
    await until(lambda: placed(bench, buy.id) in (["FILLED"], ["FINISHED"]), 30.0)
    clear_faults(bench)
    await bench.status(buy.id, "FILLED")
    told = [update for update in bench.of(buy.id) if update.trade_id]
    assert sum(Decimal(update.fill_qty) for update in told) == Decimal("0.010")
    assert len({update.trade_id for update in told}) == len(told)
    assert order.id != buy.id


async def test_a_stop_whose_child_is_denied_for_a_moment_is_not_called_cancelled(
    bench: Bench,
) -> None:
    # only reads tell of it
    for event in ("ALGO_UPDATE", "ORDER_TRADE_UPDATE"):
        fault(bench, "mute_user", event=event)
    order = stop(bench, "0.9999")
    await bench.post(order)
    await until(lambda: bench.ledger()["algo_orders"][-1]["status"] == "FINISHED", 30.0)
    bench.venue.engine.fault("hide_order", client_ids=[order.id], endpoints=["order"], seconds=2)
    authority = bench.worker._authority
    await authority.desk.ask(QueryOrder(order.id, order.symbol, conditional=True))
    told = await bench.status(order.id, "FILLED", "CANCELED")
    assert (told.status, told.filled_qty) == ("FILLED", "0.010")
    fills = [update for update in bench.of(order.id) if update.trade_id]
    assert sum(Decimal(update.fill_qty) for update in fills) == Decimal("0.010")


async def test_a_cancel_while_it_triggers_is_waited_out(bench: Bench) -> None:
    bench.venue.engine.fault("hold_triggering", hold=1.0, seconds=20)
    order = stop(bench, "0.9999")
    await bench.post(order)
    await until(
        lambda: any(
            row["client_id"] == order.id and row["status"] == "TRIGGERING"
            for row in bench.ledger()["algo_orders"]
        ),
        30.0,
    )
    await bench.ask(Method.CANCEL, [order.id])
    await bench.status(order.id, "FILLED", "CANCELED")
    algo = next(row for row in bench.ledger()["algo_orders"] if row["client_id"] == order.id)
    assert algo["status"] in ("FINISHED", "CANCELED")


@pytest.mark.parametrize("covers", [True, False])
async def test_a_kept_stop_outlives_a_clean_end_whatever_the_switch_covers(
    run_dir: Path,
    covers: bool,
) -> None:
    async with free_bench(run_dir, dead_man=3.0) as bench:
        await bench.ready()
        await bench.hello()
        bench.venue.engine.fault("dead_man", covers_algo=covers)
        await bench.post(bench.intent(qty="0.010"))
        order = stop(bench)
        await bench.post(order, bench.intent(price=bench.price("0.98")))
        assert await bench.stop() == 0
        (account,) = bench.ledger()["accounts"].values()
        assert account["countdowns"] == {}
        assert placed(bench, order.id) == ["NEW"]
        assert [report.kind for report in bench.reports if report.kind == "kept"] == ["kept"]
        bench.beats.clear()
        bench.start_worker()
        await bench.ready()
        hello = await bench.hello()
        assert [row.id for row in hello.snapshot.orders] == [order.id]

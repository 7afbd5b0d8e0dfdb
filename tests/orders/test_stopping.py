"""What the exchange worker has proven when it ends, and what it says of the rest."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lib.bus.protocol import Method
from lib.constants import NS_PER_SECOND
from lib.exchange.replies import pack_intents
from lib.oms import orders
from lib.oms.reconcile import YOUNG_NS
from tests.orders.benches import fault, free_bench, placed
from tests.orders.process_bench import KILLED, ProcessBench
from tests.workers.exchange_bench import SYMBOL, Bench, until

NO_SUCH_SYMBOL = {"status": 400, "code": -1121, "msg": "Invalid symbol."}
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
async def bench(run_dir: Path) -> AsyncIterator[Bench]:
    """A worker that is ready, and one living bot."""
    async with free_bench(run_dir, dead_man=60.0) as made:
        await made.ready()
        await made.hello()
        yield made


def left(bench: Bench) -> list[str]:
    """Return how the worker complained at its end."""
    return [row.kind for row in bench.reports if row.kind in ("stuck", "armed")]


async def trade(bench: Bench) -> list[str]:
    """Have a position, two quotes and a stop; return the ids of what rests."""
    await bench.post(bench.intent(qty="0.004"))
    quotes = [bench.intent(price=bench.price(factor)) for factor in ("0.98", "0.97")]
    stop = bench.intent(side="SELL", price=bench.price("0.95"), stop=True, reduce_only=True)
    await bench.post(*quotes, stop)
    return [order.id for order in (*quotes, stop)]


@pytest.mark.parametrize("gone", [False, True], ids=["settling", "no longer listed"])
async def test_a_symbol_that_was_ended_is_no_reason_for_a_bad_end(bench: Bench, gone: bool) -> None:
    resting = await trade(bench)
    fault(bench, "delist", symbol=SYMBOL)
    if gone:
        for path in ("openOrders", "openAlgoOrders", "countdownCancelAll"):
            fault(bench, "reject_rest", path=path, **NO_SUCH_SYMBOL)
    assert await bench.stop() == 0
    assert left(bench) == []
    assert all(placed(bench, order) == ["EXPIRED"] for order in resting)


async def test_a_kept_stop_of_a_symbol_that_ended_meanwhile_is_given_up(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as ever, but within seconds: a minute of ever rarer questions
    for name, less in (("LOST_NS", NS_PER_SECOND), ("LOST", 3), ("LOST_UNHEARD", 3)):
        monkeypatch.setattr(orders, name, less)
    async with free_bench(run_dir, absence_apart=0.1) as bench:
        await bench.ready()
        await bench.hello()
        await bench.post(bench.intent(qty="0.010"))
        kept = bench.intent(side="SELL", price=bench.price("0.95"), stop=True, reduce_only=True)
        await bench.post(kept)
        assert await bench.stop() == 0
        assert placed(bench, kept.id) == ["NEW"]

        bench.venue.engine.fault("delist", symbol=SYMBOL)
        for path in ("openOrders", "order", "openAlgoOrders", "allAlgoOrders", "userTrades"):
            fault(bench, "reject_rest", path=path, **NO_SUCH_SYMBOL)
        bench.exchange["symbols"] = ["ETHUSDT"]
        bench.beats.clear()
        bench.start_worker()
        await bench.ready()
        belief = bench.worker._authority.orders
        known_ns = belief.get(kept.id).known_ns
        await until(lambda: bench.timer.Timestamp() > known_ns + 2 * YOUNG_NS)
        bench.worker._admin.handle("reconcile", ["1", {}])
        await until(lambda: not any(belief.open_orders()), 30.0)
        assert await bench.stop() == 0


async def test_orders_that_reads_hide_are_cancelled_all_the_same(bench: Bench) -> None:
    resting = await trade(bench)
    fault(bench, "hide_order")
    assert await bench.stop() == 0
    assert left(bench) == []
    assert [placed(bench, order) for order in resting] == [["CANCELED"], ["CANCELED"], ["NEW"]]


async def test_an_order_that_cannot_be_found_is_a_bad_end_and_says_so(bench: Bench) -> None:
    await trade(bench)
    fault(bench, "unknown_rest", method="POST", path="order", executed=False, count=1)
    lost = bench.intent(price=bench.price("0.98"))
    (outcome,) = await bench.post(lost)
    assert outcome.status == "unknown"
    fault(bench, "reject_rest", method="GET", path="order", status=502, html=True)
    assert await bench.stop() == 0
    stuck = next(row for row in bench.reports if row.kind == "stuck")
    assert stuck.facts["orders"] == [lost.id]


async def test_an_order_of_unknown_fate_is_proven_gone_before_the_end(run_dir: Path) -> None:
    async with Bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "unknown_rest", method="POST", path="order", executed=False, count=1)
        lost = bench.intent(price=bench.price("0.98"))
        (outcome,) = await bench.post(lost)
        assert outcome.status == "unknown"
        assert await bench.stop() == 0
        assert left(bench) == []
        assert placed(bench, lost.id) == []


async def test_an_order_that_a_killed_life_has_not_sent_is_proven_gone_before_the_end(
    run_dir: Path,
) -> None:
    # that life's account stream is no witness: twice as many answers are needed
    async with ProcessBench(run_dir) as bench:
        await bench.ready()
        await bench.kill()
        bench.rules = "post.after_journal=kill"
        bench.start_worker()
        await bench.ready()
        await bench.hello()
        await bench.send(Method.POST, *pack_intents([bench.intent(price=bench.price("0.98"))]))
        assert await bench.running == KILLED
        await bench.reborn()
        assert await bench.stop() == 0
        assert left(bench) == []


async def test_what_has_failed_often_is_tried_at_once_when_it_ends(bench: Bench) -> None:
    # the next try of a cancel that failed five times would come in five seconds
    (quote, *_) = await trade(bench)
    fault(bench, "reject_rest", method="DELETE", path="order", status=502, html=True)
    await bench.send(Method.CANCEL, [quote])
    order = bench.worker._authority.orders.get(quote)
    assert order is not None
    await until(lambda: order.cancels >= 5)
    bench.venue.venue.clear_faults("", bench.venue.now())
    begun_ns = bench.timer.Monotonic()
    assert await bench.stop() == 0
    assert left(bench) == []
    assert placed(bench, quote) == ["CANCELED"]
    assert bench.timer.Monotonic() - begun_ns < 4 * NS_PER_SECOND

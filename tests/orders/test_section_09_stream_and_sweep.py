"""The account stream is believed when it echoes; sweeps find what it did not tell."""

import os
import signal
import time
from decimal import Decimal
from pathlib import Path

import pytest

from lib.bus.protocol import Book
from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.venue.market import Print
from tests.orders.benches import QUICK, RISK, clear_faults, fault, requests
from tests.orders.process_bench import ProcessBench
from tests.workers.exchange_bench import SYMBOL, Bench, until

TRADES = "/fapi/v1/userTrades"
BURST, TIMES = 100, 50
PAUSE_NS = 3 * NS_PER_SECOND
DAY_NS = 86_400 * NS_PER_SECOND
pytestmark = pytest.mark.timeout(120)


def fills(bench: Bench, name: str) -> list[int]:
    return [update.trade_id for update in bench.of(name) if update.trade_id]


async def test_an_order_without_its_echo_stops_new_risk_and_rebuilds_the_stream(
    bench: Bench,
) -> None:
    fault(bench, "mute_user", existing_only=True)
    await bench.post(bench.intent(price=bench.price("0.98")))
    await until(lambda: bench.worker._authority.hearing.misses)
    await bench.connected(2)
    await until(lambda: not bench.worker._authority.trouble())
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert outcome.status == "ok"


async def test_fills_of_a_silent_stream_come_by_sweep_once(bench: Bench) -> None:
    fault(bench, "mute_user", seconds=2.0)
    order = bench.intent()
    await bench.post(order)
    await until(lambda: fills(bench, order.id))
    clear_faults(bench)
    bench.worker._authority.stream.reconnect()
    await bench.connected(2)
    await until(lambda: bench.worker._authority.sync.synced.is_set())
    assert len(fills(bench, order.id)) == 1


async def test_the_mark_moves_with_completed_sweeps_only(bench: Bench) -> None:
    sweeping = bench.worker._authority.sweeping
    await bench.post(bench.intent())
    assert SYMBOL not in sweeping._marks
    fault(bench, "reject_rest", path="userTrades", status=502, html=True, count=1)
    assert not await sweeping.sweep(SYMBOL)
    assert SYMBOL not in sweeping._marks
    assert await sweeping.sweep(SYMBOL)
    first = sweeping._marks[SYMBOL]
    await bench.post(bench.intent())
    # a live fill never moves it
    assert sweeping._marks[SYMBOL] == first
    assert await sweeping.sweep(SYMBOL)
    assert sweeping._marks[SYMBOL] > first
    assert requests(bench, "GET", TRADES)[-1]["params"]["fromId"] == str(first + 1)


async def test_the_marks_keep_up_while_all_goes_well(bench: Bench) -> None:
    # else the next start would have to read, and to know again, the trades of a whole day
    sweeping = bench.worker._authority.sweeping
    assert await sweeping.sweep(SYMBOL)
    order = bench.intent()
    await bench.post(order)
    await bench.status(order.id, "FILLED")
    before = sweeping._marks.get(SYMBOL, 0)
    sweeping._refresh_ns = 0  # as after five minutes
    await until(lambda: sweeping._marks.get(SYMBOL, 0) > before)


async def test_a_symbol_without_trades_is_asked_for_a_time_that_the_exchange_tells_of(
    bench: Bench,
) -> None:
    sweeping = bench.worker._authority.sweeping
    assert await sweeping.sweep(SYMBOL)
    sweeping._since_ns -= 30 * DAY_NS  # as after a month of running
    assert await sweeping.sweep(SYMBOL)
    asked_ns = int(requests(bench, "GET", TRADES)[-1]["params"]["startTime"]) * NS_PER_MS
    assert bench.venue.now() - 7 * DAY_NS < asked_ns < bench.venue.now()


async def test_a_trade_that_nobody_can_place_stops_new_risk(bench: Bench) -> None:
    authority = bench.worker._authority
    fault(bench, "mute_user")
    fault(bench, "manual_trade", symbol=SYMBOL, qty="0.002")
    fault(bench, "reject_rest", method="GET", path="order", status=400, code=-2013, msg="no")
    assert not await authority.sweeping.sweep(SYMBOL)
    (refused,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert "not accounted for" in refused.message
    clear_faults(bench)
    assert await authority.sweeping.sweep(SYMBOL)
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert outcome.status == "ok"


async def test_an_order_that_the_market_has_passed_is_asked_for(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    asked = len(requests(bench, "GET", "/fapi/v1/order"))
    low = bench.price("0.97")
    bench.worker._authority.warden.on_book(
        Book(SYMBOL, low, "1", low, "1", "X", 1, 1, 0), time.time_ns()
    )
    await until(lambda: len(requests(bench, "GET", "/fapi/v1/order")) > asked)


async def test_a_position_changed_by_hand_is_believed_and_told(bench: Bench) -> None:
    fault(bench, "mute_user")
    await bench.post(bench.intent(price=bench.price("0.98")))
    fault(bench, "manual_trade", symbol=SYMBOL, qty="0.004")
    await until(
        lambda: any(
            getattr(row, "symbol", "") == SYMBOL and getattr(row, "qty", "") == "0.004"
            for row in bench.messages
        ),
        20.0,
    )


async def fill_in_crumbs(bench: ProcessBench, price: str) -> None:
    """Have 5,000 small trades of the market pass a resting bid within about a second."""
    begun_ns, crumb = bench.timer.Monotonic(), Decimal("0.00001")
    for number in range(TIMES):
        for _ in range(BURST):
            now_ns = bench.venue.now()
            below = Decimal(price) - Decimal("0.1")
            bench.venue.engine.on_market(Print(SYMBOL, below, crumb, True, 0, now_ns))
        bench.venue.venue.settle(bench.venue.now())
        due_ns = begun_ns + (number + 1) * NS_PER_SECOND // TIMES
        await until(lambda due_ns=due_ns: bench.timer.Monotonic() >= due_ns)


@pytest.mark.long
async def test_a_burst_of_fills_for_a_worker_that_stands_still_comes_whole_and_once(
    run_dir: Path,
) -> None:
    async with ProcessBench(run_dir, {"risk": RISK, **QUICK}) as bench:
        await bench.ready()
        await bench.hello()
        order = bench.intent(qty="0.050", price=bench.price("0.98"))
        await bench.post(order)
        connections = set(bench.venue.venue.hub.connections)
        stopped_ns = bench.timer.Monotonic()
        os.kill(bench.process.pid, signal.SIGSTOP)
        await fill_in_crumbs(bench, order.price)
        await until(lambda: bench.timer.Monotonic() - stopped_ns >= PAUSE_NS)
        os.kill(bench.process.pid, signal.SIGCONT)
        await until(lambda: any(row.status == "FILLED" for row in bench.of(order.id)), 60.0)
        truth = [row["id"] for row in bench.ledger()["fills"]]
        assert len(truth) == BURST * TIMES
        assert fills(bench, order.id) == truth
        assert [row["trade_id"] for row in bench.journaled("fills")] == truth
        # the same connection brought it all: none was made anew
        assert set(bench.venue.venue.hub.connections) == connections

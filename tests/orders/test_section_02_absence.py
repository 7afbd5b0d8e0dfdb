"""When an unknown place may be called "not placed"."""

from pathlib import Path

import pytest

from lib.bus.protocol import Method
from lib.constants import NS_PER_SECOND, Status
from lib.exchange.replies import pack_intents
from lib.oms.orders import Orders
from tests.lib.oms.order_tools import ID, NOW, OWNER, fill, intent, new_orders, report, told
from tests.orders.benches import clear_faults, fault, free_bench, placed, requests
from tests.workers.exchange_bench import until

SECONDS = 40.0
WINDOW = 3 * NS_PER_SECOND
MARGIN = 2 * NS_PER_SECOND
pytestmark = pytest.mark.timeout(150)


def unknown(*, stop: bool = False) -> Orders:
    orders = new_orders()
    orders.accept(OWNER, 1, intent(stop=stop, reduce=stop), NOW)
    orders.on_unknown(ID, "no answer", NOW)
    return orders


def status(orders: Orders) -> Status:
    order = orders.get(ID)
    assert order is not None
    return order.status


def test_nothing_is_proven_before_the_exchange_says_that_the_window_is_over() -> None:
    orders = unknown()
    for server_ns in (NOW + WINDOW, NOW + WINDOW + MARGIN):
        for _ in range(9):
            orders.on_absent(ID, server_ns)
    assert status(orders) is Status.UNKNOWN


def test_two_answers_a_second_apart_prove_it() -> None:
    orders = unknown()
    after = NOW + WINDOW + MARGIN + 1
    orders.on_absent(ID, after)
    orders.on_absent(ID, after + NS_PER_SECOND - 1)
    assert status(orders) is Status.UNKNOWN
    (update,) = told(orders.on_absent(ID, after + NS_PER_SECOND))
    assert update.status == "NOT_PLACED"


def test_a_stream_that_was_not_heard_needs_twice_as_many() -> None:
    orders = unknown()
    after = NOW + WINDOW + MARGIN + 1
    for second in range(3):
        orders.on_absent(ID, after + second * NS_PER_SECOND, heard=False)
    assert status(orders) is Status.UNKNOWN
    orders.on_absent(ID, after + 3 * NS_PER_SECOND, heard=False)
    assert status(orders) is Status.NOT_PLACED


def test_a_conditional_order_takes_a_minute_longer() -> None:
    orders = unknown(stop=True)
    for second in range(60):
        orders.on_absent(ID, NOW + WINDOW + second * NS_PER_SECOND)
    assert status(orders) is Status.UNKNOWN
    for second in range(61, 64):
        orders.on_absent(ID, NOW + WINDOW + second * NS_PER_SECOND)
    assert status(orders) is Status.NOT_PLACED


@pytest.mark.parametrize("kind", ["event", "fill"])
def test_a_late_one_is_cancelled_or_booked_with_an_alarm(kind: str) -> None:
    orders = unknown()
    for second in range(2):
        orders.on_absent(ID, NOW + WINDOW + MARGIN + 1 + second * NS_PER_SECOND)
    assert status(orders) is Status.NOT_PLACED
    if kind == "event":
        actions = orders.on_report(report(Status.NEW), NOW + 60 * NS_PER_SECOND)
        assert "CancelOrder" in [type(action).__name__ for action in actions]
    else:
        filled = report(Status.FILLED, "1", fill=fill("1", 5))
        (update,) = told(orders.on_report(filled, NOW + 60 * NS_PER_SECOND))
        assert (update.owner, update.fill_qty, update.status) == (OWNER, "1", "FILLED")
    assert orders.counts["reappeared"] == (kind == "event")


@pytest.mark.parametrize("late", [1.0, 4.0], ids=["inside the window", "after it"])
async def test_a_venue_that_accepts_late_makes_one_order_that_is_known(
    run_dir: Path, late: float
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "late_accept", seconds=late)
        order = bench.intent(price=bench.price("0.98"))
        (outcome,) = await bench.post(order)
        assert outcome.status == "unknown"
        await bench.status(order.id, "NEW")
        assert placed(bench, order.id) == ["NEW"]


async def test_a_venue_that_ignores_the_window_is_found_out_within_a_second(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "ignore_recv_window")
        fault(bench, "late_accept", seconds=9.0)
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        await until(lambda: "NOT_PLACED" in [row.status for row in bench.of(order.id)], SECONDS)
        await until(lambda: placed(bench, order.id), SECONDS)
        await until(lambda: placed(bench, order.id) == ["CANCELED"], 1.0)
        await bench.status(order.id, "CANCELED")


async def test_an_order_that_reads_hide_is_never_called_absent(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        order = bench.intent(price=bench.price("0.98"))
        # the event is lost, the reply too, and every read denies it for a while
        fault(bench, "mute_user", seconds=3.0)
        places = ["order", "openOrder", "openOrders", "allOrders"]
        bench.venue.engine.fault("hide_order", client_ids=[order.id], endpoints=places, seconds=4.0)
        fault(bench, "reset_rest", method="POST", path="order", count=1, executed=True)
        (outcome,) = await bench.post(order)
        assert outcome.status == "unknown"
        await until(lambda: "NEW" in [row.status for row in bench.of(order.id)], SECONDS)
        assert "NOT_PLACED" not in [row.status for row in bench.of(order.id)]
        assert placed(bench, order.id) == ["NEW"]


@pytest.mark.parametrize("ms", [900, -900])
async def test_our_clock_is_no_witness(run_dir: Path, ms: int) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        gateway = bench.worker._authority.gateway
        gateway._offset_ns += ms * 1_000_000
        fault(bench, "hang_rest", method="POST", path="order", count=1, hang=0.2)
        order = bench.intent(price=bench.price("0.98"))
        await bench.send(Method.POST, *pack_intents([order]))
        await until(lambda: "NOT_PLACED" in [row.status for row in bench.of(order.id)], SECONDS)
        clear_faults(bench)
        assert placed(bench, order.id) == []


async def test_the_wire_carries_what_the_journal_has(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        (row,) = requests(bench, "POST", "/fapi/v1/order")
        tracked = bench.worker._authority.orders.get(order.id)
        assert tracked is not None
        assert row["params"]["timestamp"] == str(tracked.sent_ns // 1_000_000)
        assert row["params"]["recvWindow"] == str(tracked.window_ms) == "3000"

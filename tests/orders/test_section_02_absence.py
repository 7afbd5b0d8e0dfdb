"""When an unknown place may be called "not placed"."""

from pathlib import Path

import pytest

from lib.bus.protocol import Method, OrderIntent
from lib.constants import NS_PER_SECOND, Status
from lib.exchange.replies import pack_intents
from lib.oms.orders import Orders
from tests.lib.oms.order_tools import ID, NOW, OWNER, fill, intent, new_orders, report, told
from tests.orders.benches import clear_faults, fault, free_bench, placed, requests
from tests.workers.exchange_bench import Bench, until

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


def test_an_id_that_is_ahead_of_the_clock_is_proven_absent_as_soon_as_any_other() -> None:
    # made before the clock stepped back by an hour
    now_ns = NOW - 3_600 * NS_PER_SECOND
    orders = new_orders()
    orders.adopt(OWNER, ID, 1, now_ns)
    for second in range(2):
        orders.on_absent(ID, now_ns + WINDOW + MARGIN + 1 + second * NS_PER_SECOND)
    assert status(orders) is Status.NOT_PLACED
    found = new_orders()
    found.on_report(report(Status.NEW, at=now_ns), now_ns)
    order = found.get(ID)
    assert order is not None
    assert order.sent_ns == now_ns


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


@pytest.mark.parametrize("late", [0.5, 1.2], ids=["inside the window", "after it"])
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
        fault(bench, "late_accept", seconds=4.0)
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        await until(lambda: "NOT_PLACED" in [row.status for row in bench.of(order.id)], SECONDS)
        await until(lambda: placed(bench, order.id), SECONDS)
        await until(lambda: placed(bench, order.id) == ["CANCELED"], 1.0)
        await bench.status(order.id, "CANCELED")


READS = ["order", "openOrder", "openOrders", "allOrders"]


async def hidden(bench: Bench, *, hidden: float, muted: float) -> OrderIntent:
    """Post an order that is accepted, whose reply is lost, and that reads deny for a while."""
    order = bench.intent(price=bench.price("0.98"))
    if muted:
        fault(bench, "mute_user", seconds=muted)
    bench.venue.engine.fault("hide_order", client_ids=[order.id], endpoints=READS, seconds=hidden)
    fault(bench, "reset_rest", method="POST", path="order", count=1, executed=True)
    (outcome,) = await bench.post(order)
    assert outcome.status == "unknown"
    return order


async def test_an_order_that_reads_hide_is_never_called_absent(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        order = await hidden(bench, hidden=1.0, muted=1.0)
        await until(lambda: "NEW" in [row.status for row in bench.of(order.id)], SECONDS)
        assert "NOT_PLACED" not in [row.status for row in bench.of(order.id)]
        assert placed(bench, order.id) == ["NEW"]


async def test_what_the_stream_tells_outweighs_forty_seconds_of_reads_that_deny_it(
    run_dir: Path,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        order = await hidden(bench, hidden=40.0, muted=0.0)
        await bench.status(order.id, "NEW")
        sync = bench.worker._authority.sync
        for _ in range(3):
            checks = sync.checks
            sync.request()
            await until(lambda checks=checks: sync.checks > checks, SECONDS)
        await bench.ask(Method.CANCEL, [order.id])
        await until(lambda: placed(bench, order.id) == ["CANCELED"], SECONDS)
        assert "NOT_PLACED" not in [row.status for row in bench.of(order.id)]


async def test_one_that_was_called_absent_and_appears_is_gone_within_a_second(
    run_dir: Path,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        # neither reads nor the stream show it until long after its absence seems proven
        order = await hidden(bench, hidden=2.6, muted=2.6)
        await bench.status(order.id, "NOT_PLACED")
        assert placed(bench, order.id) == ["NEW"]
        await until(lambda: placed(bench, order.id) == ["CANCELED"], 5.0)
        await bench.status(order.id, "CANCELED")


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
        assert row["params"]["recvWindow"] == str(tracked.window_ms) == "1000"

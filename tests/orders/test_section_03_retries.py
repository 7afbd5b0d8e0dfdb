"""What may be sent again: a MARKET order that definitely was not executed, in its own life."""

from pathlib import Path

import pytest

from lib.bus.protocol import Method
from lib.exchange.replies import pack_intents
from tests.orders.benches import fault, free_bench, placed, requests
from tests.workers.exchange_bench import OWNER, until

PATH = "/fapi/v1/order"
pytestmark = pytest.mark.timeout(120)


async def test_a_market_order_is_tried_again_under_other_ids(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "reject_rest", method="POST", path="order", count=2)
        order = bench.intent()
        (outcome,) = await bench.post(order)
        assert outcome.status == "ok"
        ids = [row["params"]["newClientOrderId"] for row in requests(bench, "POST", PATH)]
        assert ids == [order.id, f"{order.id}.2", f"{order.id}.3"]
        assert placed(bench, order.id) == ["FILLED"]
        stamps = [int(row["params"]["timestamp"]) for row in requests(bench, "POST", PATH)]
        assert stamps == sorted(set(stamps))


async def test_a_limit_order_is_not(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "reject_rest", method="POST", path="order", count=1)
        (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))
        assert outcome.status == "unavailable"
        assert len(requests(bench, "POST", PATH)) == 1


async def test_the_retries_end_with_the_life_that_wanted_them(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "reject_rest", method="POST", path="order", count=1)
        order = bench.intent()
        await bench.send(Method.POST, *pack_intents([order]))
        await until(lambda: requests(bench, "POST", PATH))
        del bench.lives[OWNER]
        bench.tell_roster()
        await bench.status(order.id, "NOT_SENT")
        assert placed(bench, order.id) == []
        assert len(requests(bench, "POST", PATH)) == 1


async def test_the_next_life_of_the_worker_sends_nothing_again(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "hang_rest", method="POST", path="order", hang=60.0, count=1)
        order = bench.intent()
        await bench.send(Method.POST, *pack_intents([order]))
        await until(lambda: requests(bench, "POST", PATH))
        await bench.kill()
        bench.beats.clear()
        bench.start_worker()
        await bench.ready()
        await bench.hello([0, 0], [order.id])
        await until(lambda: "NOT_PLACED" in [row.status for row in bench.of(order.id)], 30.0)
        assert len(requests(bench, "POST", PATH)) == 1


async def test_a_clock_that_is_off_is_set_and_the_order_sent_once_more(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "clock_offset", ms=30_000)
        order = bench.intent(price=bench.price("0.98"))
        (outcome,) = await bench.post(order)
        assert outcome.status == "ok"
        assert len(requests(bench, "POST", PATH)) == 2
        assert placed(bench, order.id) == ["NEW"]

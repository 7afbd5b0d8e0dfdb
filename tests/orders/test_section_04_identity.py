"""A Post is idempotent by its id, through every life of the worker."""

from pathlib import Path

import pytest

from lib.constants import NS_PER_SECOND
from lib.oms.ids import ClientIds
from tests.orders.benches import free_bench, placed, requests
from tests.workers.exchange_bench import OWNER, PROJECT, Bench

FINAL = {"FILLED", "CANCELED", "EXPIRED", "REJECTED", "NOT_SENT", "NOT_PLACED"}
pytestmark = pytest.mark.timeout(120)


async def ready(bench: Bench) -> None:
    await bench.ready()
    await bench.hello()


async def test_the_same_id_is_one_order_also_in_the_next_life(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await ready(bench)
        order = bench.intent()
        assert [(await bench.post(order))[0].status for _ in range(2)] == ["ok", "ok"]
        await bench.status(order.id, "FILLED")
        await bench.kill()
        bench.beats.clear()
        bench.start_worker()
        await ready(bench)
        assert (await bench.post(order))[0].status == "ok"
        assert placed(bench, order.id) == ["FILLED"]
        assert len(requests(bench, "POST", "/fapi/v1/order")) == 1


async def test_an_id_that_may_be_forgotten_is_refused(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await ready(bench)
        old = ClientIds(PROJECT, OWNER).next(bench.timer.Timestamp() - 120 * NS_PER_SECOND)
        (refused,) = await bench.post(bench.intent()._replace(id=old))
        assert (refused.status, refused.message) == ("expired", "its id is too old")
        assert bench.ledger()["orders"] == []


async def test_the_highest_id_outlives_the_worker(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await ready(bench)
        order = bench.intent()
        await bench.post(order)
        await bench.kill()
        bench.beats.clear()
        bench.start_worker()
        await bench.ready()
        assert (await bench.hello()).highest_id == order.id


async def test_every_post_ends_in_exactly_one_final_update(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await ready(bench)
        orders = [
            bench.intent(),
            bench.intent(qty="0.0005"),
            bench.intent(price=bench.price("1.01"), post_only=True),
            bench.intent(side="SELL", reduce_only=True, qty="0.002"),
        ]
        for order in orders:
            await bench.post(order)
        for order in orders:
            await bench.status(order.id, *FINAL)
        for order in orders:
            assert len([row for row in bench.of(order.id) if row.status in FINAL]) == 1

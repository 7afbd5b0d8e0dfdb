"""What a reply means: never a second order at the venue, whatever the exchange answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import Method, OrderIntent
from tests.orders.benches import clear_faults, fault, free_bench, placed
from tests.workers.exchange_bench import OWNER, Bench, until

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "binance" / "errors.json").read_text()
)
WIRE = [
    ("reject_rest", {"status": 502, "html": True}),
    ("reject_rest", {"status": 504, "html": True}),
    ("reject_rest", {"status": 408, "code": -1007}),
    ("unknown_rest", {}),
    ("unknown_rest", {"coded": True}),
    ("reset_rest", {}),
]
FINAL = {"FILLED", "CANCELED", "EXPIRED", "REJECTED", "NOT_SENT", "NOT_PLACED"}
SECONDS = 30.0
pytestmark = pytest.mark.timeout(180)


def answers() -> list[tuple[str, dict[str, Any]]]:
    """Return every documented refusal, HTML body and socket error as a fault."""
    found = []
    for row in ROWS:
        body = row.get("body", {})
        facts = {"status": row["http"], "code": body.get("code"), "msg": body.get("msg", "")}
        if not body:
            facts["msg"] = row.get("body_text", "")
        found.append(("reject_rest", facts))
    return found + WIRE


async def unblock(bench: Bench) -> None:
    """Forget rate limits and a refused key: the next row is another story."""
    authority = bench.worker._authority
    authority.gateway.budget._blocked_ns.clear()
    authority.gateway.key_trouble = ""
    # settings that one answer put in doubt are looked at first
    await until(lambda: not authority.warden.blocks and not authority.trouble(), SECONDS)


async def post_under(
    bench: Bench, name: str, facts: dict[str, Any], order: OrderIntent, *, executed: bool
) -> str:
    fault(bench, name, method="POST", path="order", count=1, executed=executed, **facts)
    (outcome,) = await bench.post(order)
    clear_faults(bench)
    await unblock(bench)
    return outcome.status


@pytest.mark.parametrize("executed", [True, False], ids=["executed", "not executed"])
async def test_no_answer_to_a_limit_order_makes_a_second_one(
    run_dir: Path,
    executed: bool,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        orders = {}
        for name, facts in answers():
            order = bench.intent(price=bench.price("0.98"))
            orders[order.id] = await post_under(bench, name, facts, order, executed=executed)
        # one refused for our clock alone is definitely not there, and was sent again
        there = {name: executed or status == "ok" for name, status in orders.items()}
        for client_id, expected in there.items():
            assert len(placed(bench, client_id)) == expected, client_id
        # each ends in the truth: known, or gone
        await until(
            lambda: all(
                bench.of(name) and bench.of(name)[-1].status in FINAL | {"NEW"} for name in orders
            ),
            SECONDS,
        )
        for client_id, status in orders.items():
            last, states = bench.of(client_id)[-1].status, placed(bench, client_id)
            assert len(states) == there[client_id]
            if not states:
                assert last in FINAL, (client_id, status)
            elif last == "NEW":
                assert states == ["NEW"], client_id
            else:
                # refused by its reply, and there all the same: it is taken back
                assert states == ["CANCELED"], (client_id, status, last)


@pytest.mark.parametrize("executed", [True, False], ids=["executed", "not executed"])
async def test_no_answer_to_a_market_order_makes_a_second_one(
    run_dir: Path,
    executed: bool,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        for number, (name, facts) in enumerate(answers()):
            order = bench.intent(side="BUY" if number % 2 else "SELL")
            status = await post_under(bench, name, facts, order, executed=executed)
            # the promised retries of a MARKET order follow only what was definitely not executed
            assert len(placed(bench, order.id)) <= 1, (facts, status)
            assert executed <= len(placed(bench, order.id))


@pytest.mark.parametrize("executed", [True, False], ids=["executed", "not executed"])
async def test_no_answer_to_a_cancel_is_taken_for_one(
    run_dir: Path,
    executed: bool,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        orders = []
        for name, facts in answers():
            orders.append(bench.intent(price=bench.price("0.98")))
            await bench.post(orders[-1])
            fault(bench, name, method="DELETE", count=1, executed=executed, **facts)
            await bench.ask("cancel", [orders[-1].id])
            await until(lambda: not bench.venue.venue.faults.rows(bench.venue.now()), SECONDS)
            # the venue has answered; what the answer blocks is blocked once it was read
            await until(lambda: not bench.worker._authority.desk._under_way, SECONDS)
            await unblock(bench)
        # the wish stands until the order is gone, however it was answered
        for order in orders:
            # one that failed often waits five seconds for its next try
            await until(lambda name=order.id: placed(bench, name) == ["CANCELED"], SECONDS)
            await bench.status(order.id, "CANCELED")


async def test_each_item_of_a_batch_is_judged_alone(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        orders = [bench.intent(price=bench.price(f"0.9{digit}")) for digit in (8, 7, 6, 5, 4)]
        fault(bench, "fail_batch", count=1, code=-1007, items=[1], executed=True)
        fault(bench, "fail_batch", count=1, code=-2019, items=[2], executed=False)
        outcomes = await bench.post(*orders)
        assert [outcome.status for outcome in outcomes][:2] == ["ok", "unknown"]
        await bench.status(orders[1].id, "NEW")
        for order in orders:
            assert len(placed(bench, order.id)) <= 1


async def test_what_no_command_sends_ends_no_worker(bench: Bench) -> None:
    odd = [
        ("halt", {"owners": [OWNER], "flatten": True, "within": "soon"}),
        ("fills", {"limit": "many"}),
    ]
    for number, (action, facts) in enumerate(odd):
        bench.worker._admin.handle(action, [str(number), facts])
    await until(lambda: len([row for row in bench.reports if row.kind == "answer"]) == len(odd))
    assert [row.facts["exit"] for row in bench.reports if row.kind == "answer"] == [2, 2]
    status, values = await bench.ask(
        Method.POST, [[*bench.intent(price=bench.price("0.98"))[:-1], "now"]]
    )
    assert (status, "market_ns" in values[1]) == ("error", True)
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert outcome.status == "ok"

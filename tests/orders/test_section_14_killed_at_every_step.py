"""The exchange worker dies at each boundary between an intent and its published outcome.

Whatever the step: the venue has at most one order per intent, no order is left that nobody knows,
and every fill reaches its bot.
"""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from lib.bus.protocol import Method, OrderIntent
from lib.exchange.replies import Cursor, pack_cursor, pack_intents
from tests.orders.benches import QUICK
from tests.orders.process_bench import KILLED, ProcessBench
from tests.workers.exchange_bench import OWNER, until

POST = ("before_journal", "after_journal", "after_send", "after_ack", "after_reply")
CANCEL = ("before_journal", "after_journal", "after_send", "after_ack", "after_reply")
FILL = ("before_journal", "after_journal", "after_publish")
FINAL = ("FILLED", "CANCELED", "EXPIRED", "REJECTED", "NOT_SENT", "NOT_PLACED")
RESOLVED_SECONDS = 30.0
pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


def limit(bench: ProcessBench) -> list[OrderIntent]:
    return [bench.intent(price=bench.price("0.98"))]


def market(bench: ProcessBench) -> list[OrderIntent]:
    return [bench.intent()]


def batch(bench: ProcessBench) -> list[OrderIntent]:
    return [bench.intent(price=bench.price(factor)) for factor in ("0.98", "0.97", "0.96")]


def conditional(bench: ProcessBench) -> list[OrderIntent]:
    price = bench.price("0.95")
    return [bench.intent(price=price, side="SELL", stop=True, reduce_only=True)]


MAKERS = {"limit": limit, "market": market, "batch": batch, "conditional": conditional}


def accepted(bench: ProcessBench, client_id: str) -> list[str]:
    """Return the states of all orders that the venue accepted for one intent."""
    ledger = bench.ledger()
    ids = {client_id, *(f"{client_id}.{attempt}" for attempt in range(2, 6))}
    # a triggered conditional order has a child of the same id: one order
    rows = [row for row in ledger["orders"] if row["client_id"] in ids] or [
        row for row in ledger["algo_orders"] if row["client_id"] in ids
    ]
    return [row["status"] for row in rows]


def filled(bench: ProcessBench, client_id: str) -> Decimal:
    trades = [row for row in bench.ledger()["fills"] if row["client_id"] == client_id]
    return sum((Decimal(row["qty"]) for row in trades), Decimal(0))


async def check(bench: ProcessBench, intents: Sequence[OrderIntent]) -> None:
    """Check, in the next life, what must hold for every intent."""
    ids = [intent.id for intent in intents]
    hello = await bench.hello(*pack_cursor(Cursor((0, 0), ids)))
    bench.updates += hello.snapshot.missed
    for intent in intents:
        if intent.stop and not accepted(bench, intent.id):
            continue  # its absence is proven after more than a minute only
        known = {order.id for order in hello.snapshot.orders if order.status != "UNKNOWN"}
        await until(
            lambda name=intent.id, known=known: (
                name in known
                or any(
                    update.status in FINAL or update.status == "NEW" for update in bench.of(name)
                )
            ),
            RESOLVED_SECONDS,
        )
        states = accepted(bench, intent.id)
        assert len(states) <= 1, "executed twice"
        told = sum((Decimal(row.fill_qty) for row in bench.fills_told(intent.id)), Decimal(0))
        assert told == filled(bench, intent.id)
        booked = [row for row in bench.journaled("fills") if row["id"] == intent.id]
        assert sum((Decimal(row["qty"]) for row in booked), Decimal(0)) == told
        if states in (["NEW"], ["PARTIALLY_FILLED"]):
            rows = {row["id"]: row for row in bench.journaled("orders")}
            assert rows[intent.id]["owner"] == OWNER


async def die_and_check(
    run_dir: Path, rules: str, make: Callable[[ProcessBench], list[OrderIntent]]
) -> None:
    run_dir.mkdir()
    async with ProcessBench(run_dir, QUICK) as bench:
        await bench.ready()
        await bench.hello()
        if make is conditional:
            await bench.post(bench.intent())
        await bench.kill()
        bench.rules = rules
        bench.start_worker()
        await bench.ready()
        await bench.hello()
        intents = make(bench)
        await bench.send(Method.POST, *pack_intents(intents))
        assert await bench.running == KILLED
        await bench.reborn()
        await check(bench, intents)


@pytest.mark.parametrize("kind", MAKERS)
async def test_killed_around_a_place(run_dir: Path, kind: str) -> None:
    rules = [f"post.{step}=kill" for step in POST if kind != "conditional" or "journal" not in step]
    await asyncio.gather(
        *(die_and_check(run_dir / str(n), rule, MAKERS[kind]) for n, rule in enumerate(rules))
    )


async def die_at_a_write(run_dir: Path, number: int) -> None:
    run_dir.mkdir()
    async with ProcessBench(run_dir, QUICK) as bench:
        await bench.kill()
        armed = run_dir / "failpoints"
        armed.touch()
        bench.rules = str(armed)
        bench.start_worker()
        await bench.ready()
        await bench.hello()
        armed.write_text(f"journal.write=kill:{number}\n")
        intents = market(bench)
        await bench.send(Method.POST, *pack_intents(intents))
        # the budget is written each second: any number comes
        assert await bench.running == KILLED
        await bench.reborn()
        await check(bench, intents)


async def test_killed_at_each_write_of_the_journal(run_dir: Path) -> None:
    await asyncio.gather(*(die_at_a_write(run_dir / str(n), n) for n in range(1, 6)))


async def test_killed_around_a_fill(run_dir: Path) -> None:
    rules = [f"fill.{step}=kill" for step in FILL]
    await asyncio.gather(
        *(die_and_check(run_dir / str(n), rule, market) for n, rule in enumerate(rules))
    )


async def die_in_a_cancel(run_dir: Path, step: str) -> None:
    run_dir.mkdir()
    async with ProcessBench(run_dir, QUICK) as bench:
        bench.rules = f"cancel.{step}=kill"
        await bench.kill()
        bench.start_worker()
        await bench.ready()
        await bench.hello()
        (order,) = limit(bench)
        await bench.post(order)
        await bench.send(Method.CANCEL, [order.id])
        assert await bench.running == KILLED
        await bench.reborn()
        cursor = pack_cursor(Cursor((0, 0), [order.id]))
        await bench.hello(*cursor)
        # the wish stands in its bot, which names it again
        await bench.ask(Method.CANCEL, [order.id])
        await until(lambda: accepted(bench, order.id) == ["CANCELED"])
        async with asyncio.timeout(RESOLVED_SECONDS):
            # a bot that missed what was told before it listened again sees it by the sequence
            while not any(update.status == "CANCELED" for update in bench.of(order.id)):
                hello = await bench.hello(*cursor)
                bench.updates += (*hello.snapshot.missed, *hello.snapshot.orders)


async def test_killed_around_a_cancel(run_dir: Path) -> None:
    await asyncio.gather(
        *(die_in_a_cancel(run_dir / str(n), step) for n, step in enumerate(CANCEL))
    )

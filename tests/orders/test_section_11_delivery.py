"""Fills are numbered, journaled, told once within a life, and never lost between two."""

import pytest

from lib.bus.protocol import Method, OrderUpdate, incarnation
from lib.exchange.bus_orders import to_update
from lib.exchange.bus_pulse import Pulse
from lib.exchange.bus_requests import RequestBook
from lib.exchange.replies import Cursor, pack_cursor
from lib.oms.deliveries import Deliveries
from lib.oms.epochs import closed, judge
from lib.oms.rows import NOTHING
from tests.lib.exchange.fake_worker import fill as told_fill
from tests.orders.benches import fault
from tests.workers.exchange_bench import OWNER, Bench, until

SECOND_LIFE = incarnation(1, 2)
pytestmark = pytest.mark.timeout(120)


def numbered(bench: Bench) -> list[OrderUpdate]:
    return [update for update in bench.updates if update.trade_id]


async def next_bot_life(bench: Bench, life: int = SECOND_LIFE) -> list[OrderUpdate]:
    """Return what a new life of the bot is told at its hello."""
    bench.lives[OWNER] = (life, "ready")
    bench.tell_roster()
    await until(lambda: bench.worker._authority.lives.alive(OWNER) == life)
    return (await bench.hello(life=life)).snapshot.missed


async def reborn(bench: Bench) -> None:
    """Bring up the next life of the worker."""
    await bench.kill()
    bench.beats.clear()
    bench.start_worker()
    await bench.ready()


# --- pure


def test_numbers_grow_per_owner_and_go_on_after_a_restart() -> None:
    deliveries = Deliveries(7)
    first = deliveries.number(told_fill("a", 1, "0.001", "FILLED"))
    second = deliveries.number(told_fill("b", 2, "0.001", "FILLED"))
    assert [(row.fill_epoch, row.fill_sequence) for row in (first, second)] == [(7, 1), (7, 2)]
    other = deliveries.number(told_fill("c", 3, "1", "FILLED")._replace(owner="x:BTCUSDT"))
    assert other.fill_sequence == 1
    again = Deliveries(7)
    again.restore(NOTHING._replace(sequences={OWNER: 2}))
    assert again.number(first).fill_sequence == 3


def test_an_acknowledgement_of_another_journal_means_nothing() -> None:
    deliveries = Deliveries(7)
    deliveries.number(told_fill("a", 1, "0.001", "FILLED"))
    assert deliveries.ack(OWNER, 6, 1) is None
    assert deliveries.ack(OWNER, 7, 2) is None
    assert deliveries.ack(OWNER, 7, 1) is not None
    assert deliveries.ack(OWNER, 7, 1) is None
    assert deliveries.after(OWNER, 7, 0, reborn=True) == []


def test_numbers_that_no_journal_has_are_another_lifes_numbers() -> None:
    rows = [told_fill(key, number, "1", "FILLED") for number, key in enumerate("abc", 11)]
    first = Deliveries(7, life=1)
    first.restore(NOTHING._replace(sequences={OWNER: 10}))
    updates = [first.number(row) for row in rows]
    first.committed(updates[0])
    told = [first.told(update) for update in updates]
    assert [(row.fill_epoch, row.fill_sequence) for row in told] == [(7, 11), (-1, 12), (-1, 13)]
    # while that life goes on, they count as any other
    assert first.after(OWNER, -1, 12, reborn=False) == told[2:]
    assert first.ack(OWNER, -1, 13) is not None
    assert first.after(OWNER, 0, 0, reborn=True) == []

    # it ended before they were written: what the next one numbers 12 and 13 may be other fills
    second = Deliveries(7, life=2)
    second.restore(NOTHING._replace(sequences={OWNER: 11}))
    for update in [second.number(rows[2]), second.number(rows[1])]:
        second.committed(update)
    assert second.ack(OWNER, -1, 13) is None
    missed = second.after(OWNER, -1, 13, reborn=False)
    assert [(row.id, row.fill_sequence) for row in missed] == [("c", 12), ("b", 13)]


def test_the_epoch_changes_when_the_machine_went_down_and_not_with_a_process() -> None:
    first = judge({}, "boot", 10**9, is_new=True)
    facts = {"epoch": first.number, "boot": "boot", "clean": False}
    same = judge(facts, "boot", 2 * 10**9, is_new=False)
    assert (same.number, same.is_complete) == (first.number, True)
    torn = judge(facts, "another boot", 2 * 10**9, is_new=False)
    assert (torn.number, torn.is_complete) == (first.number + 1, False)
    clean = judge({**facts, closed().name: True}, "another boot", 2 * 10**9, is_new=False)
    assert (clean.number, clean.is_complete) == (first.number, True)


def test_a_fill_is_acknowledged_when_all_before_it_were_handled() -> None:
    sent = []
    pulse = Pulse(RequestBook(OWNER, 1), lambda _id, request: bool(sent.append(request)) or True)
    fills = [
        told_fill(key, number, "0.001", "FILLED")._replace(fill_epoch=7, fill_sequence=number)
        for number, key in enumerate("abc", 1)
    ]
    for update in fills:
        pulse.on_fill(update, is_repeat=False)
    pulse.on_fill(fills[0], is_repeat=True)
    assert pulse.handled == (0, 0)
    pulse.on_handled(to_update(fills[1]))
    assert pulse.handled == (0, 0)
    pulse.on_handled(to_update(fills[0]))
    assert pulse.handled == (7, 2)
    pulse.tick(0)
    assert [request.args for request in sent if request.method == Method.ACK] == [[7, 2]]


# --- against the venue


async def test_a_new_life_gets_what_was_not_acknowledged_and_only_that(bench: Bench) -> None:
    for _ in range(3):
        await bench.post(bench.intent())
    await until(lambda: len(numbered(bench)) == 3)
    assert [update.fill_sequence for update in numbered(bench)] == [1, 2, 3]
    epoch = numbered(bench)[0].fill_epoch
    assert (await bench.ask(Method.ACK, epoch, 2))[0] == "ok"
    missed = await next_bot_life(bench)
    assert [(update.fill_sequence, update.replayed) for update in missed] == [(3, True)]


async def test_numbers_and_acknowledgements_outlive_the_worker(bench: Bench) -> None:
    for _ in range(2):
        await bench.post(bench.intent())
    await until(lambda: len(numbered(bench)) == 2)
    epoch = numbered(bench)[0].fill_epoch
    await bench.ask(Method.ACK, epoch, 1)
    await reborn(bench)
    # the living bot goes on from its cursor
    hello = await bench.hello(*pack_cursor(Cursor((1, 1), [], (epoch, 2))))
    assert hello.snapshot.missed == []
    await bench.post(bench.intent())
    await until(lambda: len(numbered(bench)) == 3)
    assert numbered(bench)[-1].fill_sequence == 3
    missed = await next_bot_life(bench)
    assert [update.fill_sequence for update in missed] == [3]


async def test_a_life_that_asks_for_the_rules_again_is_no_new_one(bench: Bench) -> None:
    # what it had missed by then is told, and no fill of its own life is marked as replayed
    quote = bench.intent(price=bench.price("0.98"))
    taken = bench.intent()
    await bench.post(quote, taken)
    await bench.ask(Method.CANCEL, [quote.id])
    await bench.status(quote.id, "CANCELED")
    await until(lambda: numbered(bench))

    hello = await bench.hello(*pack_cursor(Cursor((0, 0), [quote.id, taken.id])))

    told = [update for update in hello.snapshot.missed if update.id == quote.id]
    assert told[-1].status == "CANCELED"
    assert {row.replayed for row in hello.snapshot.missed if row.trade_id} == {False}


async def test_fills_while_everybody_was_dead_reach_the_next_life(bench: Bench) -> None:
    order = bench.intent(price=bench.price("1"), side="SELL")
    await bench.post(order)
    fault(bench, "mute_user", existing_only=True)
    taker = bench.intent()
    fault(bench, "hang_rest", method="POST", executed=True, count=1)
    await bench.send(Method.POST, [list(taker)])
    await until(lambda: any(row["client_id"] == taker.id for row in bench.ledger()["fills"]))
    bench.lives.clear()
    await reborn(bench)
    missed = await next_bot_life(bench)
    traded = {
        row["id"] for row in bench.ledger()["fills"] if row["client_id"] in (taker.id, order.id)
    }
    assert {update.trade_id for update in missed} == traded
    assert all(update.replayed for update in missed)


async def test_a_lost_last_message_shows(bench: Bench) -> None:
    await bench.post(bench.intent())
    await until(lambda: numbered(bench))
    mine = bench.worker.start.incarnation
    sequences = bench.worker._publisher.sequences
    topic = f"order.{OWNER}.".encode()
    hello = await bench.hello()
    assert hello.snapshot.sequences[topic] == (mine, sequences[topic])

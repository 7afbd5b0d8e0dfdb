"""A journal of a busy day: nobody waits longer for it, and nothing that matters is left out.

What SQLite does is counted in steps of its machine: the count is the same on every machine.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.constants import NS_PER_SECOND, Status
from lib.journal.past import RECENT
from lib.journal.store import Store
from lib.oms.actions import Publish
from lib.oms.rows import ACKS, SWEPT, TALLY, Fact, Past, fact
from tests.lib.journal.journals import SYMBOL, fill, order
from tests.lib.oms.order_tools import ID, NOW, OWNER, intent, new_orders, report, told
from tests.lib.oms.order_tools import fill as execution

DAY = 24 * 3_600 * NS_PER_SECOND
STEPS = 100
"""SQLite's steps between two counts."""
FEW, MANY = 1_000, 10_000


def done(number: int) -> list[Fact]:
    """Return the facts by which the first so many fills need nothing more."""
    tally = {"date": "", "counted": {OWNER: number}, "results": {}}
    return [fact(ACKS, {OWNER: number}), fact(TALLY, tally), fact(f"{SWEPT}{SYMBOL}", number)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def fill_up(store: Store, count: int, at_ns: int = NOW) -> None:
    numbers = range(1, count + 1)
    store.write([order(number, at_ns=at_ns) for number in numbers])
    store.write([fill(number, at_ns) for number in numbers])
    store.write(done(count))


def steps(store: Store, work: Callable[[], Any]) -> int:
    count = [0]

    def step() -> None:
        count[0] += 1

    store._connection.set_progress_handler(step, STEPS)
    try:
        work()
    finally:
        store._connection.set_progress_handler(None, 0)
    return count[0]


def work_of(folder: Path, count: int, work: Callable[[Store], Any]) -> int:
    folder.mkdir()
    made = Store(folder)
    try:
        fill_up(made, RECENT + count)
        return steps(made, lambda: work(made))
    finally:
        made.close()


@pytest.mark.parametrize("name", ["compact", "read", "write"])
def test_work_does_not_grow_with_what_is_kept(tmp_path: Path, name: str) -> None:
    works: dict[str, Callable[[Store], Any]] = {
        "compact": lambda store: store.compact(NOW - DAY),
        "read": lambda store: store.read(NOW - DAY),
        "write": lambda store: store.write([order(1, Status.CANCELED), fill(1)]),
    }
    few, many = (work_of(tmp_path / str(count), count, works[name]) for count in (FEW, MANY))
    assert many <= 1.2 * few + 2


def ids(past: Past) -> set[str]:
    return {row.id for row in past.orders}


def test_a_new_life_knows_what_is_not_over_and_what_may_come_again(store: Store) -> None:
    count = RECENT + 100
    resting, absent, partly = order(1, Status.NEW), order(2, Status.NOT_PLACED), order(3)
    store.write([resting, absent, partly._replace(status="PARTIALLY_FILLED")])
    store.write([order(number) for number in range(4, count)])
    store.write([fill(number) for number in range(3, 11)])

    store.write(done(8))
    past = store.read(NOW - DAY)
    assert {resting.id, absent.id, partly.id} <= ids(past)
    # not acknowledged, not swept, or of an order that goes on; with their orders
    assert [row.sequence for row in past.fills] == [3, 9, 10]
    assert {order(9).id, order(10).id} <= ids(past)
    assert order(5).id not in ids(past)
    assert order(count - 1).id in ids(past)
    assert (past.sequences, past.highest) == ({OWNER: 10}, {OWNER: order(count - 1).id})


@pytest.mark.parametrize("behind", [ACKS, TALLY, f"{SWEPT}{SYMBOL}"])
def test_a_fill_is_needed_until_everybody_is_done_with_it(store: Store, behind: str) -> None:
    fill_up(store, 10)
    store.write([row for row in done(6) if row.name == behind])
    assert [row.sequence for row in store.read(NOW - DAY).fills] == [7, 8, 9, 10]


def test_without_a_sweep_the_whole_day_is_known(store: Store) -> None:
    fill_up(store, 10)
    store.write([fill(11, NOW - 2 * DAY)])
    store._connection.execute("DELETE FROM facts WHERE name LIKE 'swept:%'")
    store.write(done(11)[:2])
    assert [row.sequence for row in store.read(NOW - DAY).fills] == [*range(1, 11)]


def test_compaction_comes_round_to_everything_that_is_old_and_over(store: Store) -> None:
    old = NOW - 2 * DAY
    waiting = [order(number, Status.NEW, at_ns=old) for number in range(1, 31)]
    store.write(waiting)
    store.write([order(number, at_ns=old) for number in range(31, 101)])
    store.write([order(number) for number in range(101, 121)])
    store.write([fill(number, old) for number in range(1, 51)])
    store.write(done(40))

    removed = [store.compact(NOW - DAY, limit=20) for _ in range(12)]

    past = store.read(NOW - DAY)
    assert ids(past) == {row.id for row in waiting} | {f"{n:08}" for n in range(101, 121)}
    assert sum(removed) == 70 + 10
    assert max(removed) <= 2 * 20
    assert [row.sequence for row in past.fills] == [*range(1, 31), *range(41, 51)]
    assert store.compact(NOW - DAY, limit=20) == 0


def test_fills_stay_as_long_as_their_order_may_go_on(store: Store) -> None:
    old = NOW - 2 * DAY
    partly = order(1, Status.PARTIALLY_FILLED, old)
    held = order(2, Status.NEW, old)._replace(held="CANCELED")
    absent = order(3, Status.NOT_PLACED)
    store.write([partly, held, *(order(number, at_ns=old) for number in range(4, 11)), absent])
    store.write([fill(number, old) for number in range(1, 11)])
    # more of them than one call looks at do not stand in the way of the others
    store.write([fill(number, old)._replace(id=partly.id) for number in range(11, 21)])
    store.write([fill(number, old) for number in range(21, 24)])
    store.write(done(23))

    removed = [store.compact(NOW - DAY, limit=3) for _ in range(12)]

    # the newest is kept for its number
    kept = [1, 2, 3, *range(11, 21), 23]
    rows = store.fills([OWNER], 100)
    assert sorted(row.sequence for row in rows) == kept
    assert sum(removed) == 7 + (23 - len(kept))
    past = store.read(NOW - DAY)
    assert [row.sequence for row in past.fills] == kept[:-1]


def test_a_fill_of_an_open_order_is_not_booked_again_days_later(store: Store) -> None:
    orders = new_orders()
    orders.accept(OWNER, 1, intent(), NOW)
    partly = report(Status.PARTIALLY_FILLED, "0.4", fill=execution("0.4", 1))
    for action in orders.on_report(partly, NOW):
        assert isinstance(action, Publish)
        store.write([row for row in (action.order, action.fill) if row is not None])
    # another order's fill is the newest, whose number is needed
    store.write([fill(2), *done(2)])

    store.compact(NOW + 2 * DAY)
    reborn = new_orders()
    reborn.restore(store.read(NOW + DAY), NOW + 2 * DAY)
    # the event of the second execution was missed: all executions of the order are read
    reborn.on_report(report(Status.PARTIALLY_FILLED, "0.5"), NOW + 2 * DAY)
    fetched = [execution("0.4", 1), execution("0.1", 3)]
    seen = [row for each in fetched for row in told(reborn.on_fill(ID, each, NOW + 2 * DAY))]

    assert [(row.trade_id, row.filled_qty) for row in seen] == [(3, "0.5")]

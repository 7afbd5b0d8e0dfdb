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
from lib.oms.rows import ACKS, SWEPT, TALLY, Fact, FillRow, OrderRow, Past, fact, row_of
from tests.lib.oms.order_tools import NOW, OWNER, intent, new_orders

DAY = 24 * 3_600 * NS_PER_SECOND
SYMBOL = OWNER.partition(":")[2]
STEPS = 100
"""SQLite's steps between two counts."""
FEW, MANY = 1_000, 10_000
BASE = row_of(new_orders().accept(OWNER, 1, intent(), NOW))


def order(number: int, status: Status = Status.FILLED, at_ns: int = NOW) -> OrderRow:
    return BASE._replace(id=f"{number:08}", status=status.value, sent_ns=at_ns, event_ns=at_ns)


def fill(number: int, at_ns: int = NOW) -> FillRow:
    return FillRow(
        SYMBOL, number, number, OWNER, number, f"{number:08}", "BUY", "1", "100", "0", "USDT", 1,
        at_ns, "[]",
    )  # fmt: skip


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
    assert sum(removed) == 70 + 40
    assert max(removed) <= 2 * 20
    assert [row.sequence for row in past.fills] == [*range(41, 51)]
    assert store.compact(NOW - DAY, limit=20) == 0

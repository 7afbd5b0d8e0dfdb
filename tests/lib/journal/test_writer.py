"""The journal's thread outlives every question and every row; when it ends, it is heard of."""

import asyncio
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib import failpoints
from lib.constants import NS_PER_SECOND
from lib.journal.store import Store
from tests.lib.journal.journals import Writing, fill, ids_in, order
from tests.lib.oms.order_tools import OWNER
from tests.workers.exchange_bench import until

POISON = {
    "number": order(7)._replace(exchange_id=2**63),
    "text": order(7)._replace(reason="\udcff"),
    "kind": order(7)._replace(qty=Decimal(1)),  # type: ignore[arg-type]
}


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave no rule behind."""
    yield
    failpoints.arm("")


async def together(writing: Writing, *batches: list[Any]) -> list[str]:
    """Return what is told of some batches that the thread takes in one go."""
    journal, told, go = writing.journal, {}, threading.Event()
    waiting = asyncio.create_task(journal.ask(lambda _: go.wait()))
    await asyncio.sleep(0)
    for number, rows in enumerate(batches):
        journal.put(rows, lambda error, number=number: told.update({number: error}))  # type: ignore[misc]
    go.set()
    await waiting
    await until(lambda: len(told) == len(batches))
    return [told[number] for number in range(len(batches))]


def divided(_: Store) -> float:
    return 1 / 0


async def test_a_question_that_fails_is_answered_and_costs_nothing_else(tmp_path: Path) -> None:
    async with Writing(tmp_path) as journal:
        async with asyncio.timeout(1.0):
            assert await journal.ask(divided) is None
        assert await journal.commit([order(1)]) == ""
        assert journal.trouble == ""


async def test_a_question_without_bounds_is_bounded(tmp_path: Path) -> None:
    async with Writing(tmp_path) as journal:
        await journal.commit([fill(1), fill(2)])
        found = [
            await journal.ask(lambda store, limit=limit: store.fills([OWNER], limit))  # type: ignore[misc]
            for limit in (10**19, -1)
        ]
        assert [len(rows or ()) for rows in found] == [2, 1]


@pytest.mark.parametrize("kind", POISON)
async def test_who_commits_a_row_that_cannot_be_written_is_told(tmp_path: Path, kind: str) -> None:
    async with Writing(tmp_path) as journal:
        reason = await journal.commit([POISON[kind]])
        assert "cannot take" in reason
        assert journal.refused == 1
        assert journal.trouble == ""
        assert await journal.commit([order(8)]) == ""


@pytest.mark.parametrize("kind", POISON)
async def test_such_a_row_holds_up_none_beside_it(tmp_path: Path, kind: str) -> None:
    writing = Writing(tmp_path)
    async with writing as journal:
        told = await together(writing, [order(1)], [order(2), POISON[kind], order(3)], [order(4)])
        assert [bool(error) for error in told] == [False, True, False]
        assert journal.refused == 1
        assert ids_in(tmp_path) == {order(number).id for number in (1, 2, 3, 4)}


async def test_what_was_said_before_of_the_same_order_is_written(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    async with writing:
        told = await together(writing, [order(7)], [POISON["number"]])
        assert [bool(error) for error in told] == [False, True]
        assert ids_in(tmp_path) == {order(7).id}


async def test_such_a_row_of_a_broken_disk_is_dropped_when_the_disk_is_well(tmp_path: Path) -> None:
    async with Writing(tmp_path) as journal:
        failpoints.arm("journal.write=broken")
        assert "Input/output" in await journal.commit([order(1), POISON["number"]])
        failpoints.arm("")
        await until(lambda: not journal.trouble)
        assert journal.refused == 1
        assert ids_in(tmp_path) == {order(1).id}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_ends_all_the_same_is_trouble(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    async with writing as journal:
        journal.put([None])  # type: ignore[list-item]
        await until(lambda: writing.given_up)
        assert "ended" in journal.trouble
        assert writing.given_up == [journal.trouble]
        assert await journal.commit([order(1)]) != ""
        assert not journal.close()


async def test_a_clock_that_steps_back_puts_off_no_retry(tmp_path: Path) -> None:
    step_ns = [0]
    async with Writing(tmp_path, lambda: time.time_ns() - step_ns[0]) as journal:
        failpoints.arm("journal.write=full")
        assert "No space left" in await journal.commit([order(1)])
        step_ns[0] = 3_600 * NS_PER_SECOND
        failpoints.arm("")
        await until(lambda: not journal.trouble)
    assert ids_in(tmp_path) == {"00000001"}

"""A journal that cannot be opened, or is torn: nothing stays so for good."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lib import failpoints
from lib.journal.reserve import RESERVE, RESERVE_BYTES, Reserve
from lib.journal.store import FILE, Store
from lib.oms.rows import NOTHING, fact
from tests.lib.journal.journals import Writing, damage, ids_in, order
from tests.workers.exchange_bench import until

COUNT = 200


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave no rule behind."""
    yield
    failpoints.arm("")


def filled(folder: Path) -> Path:
    """Return the path of a journal that holds more than a page can."""
    store = Store(folder)
    store.write([order(number) for number in range(COUNT)])
    store.close()
    return folder / FILE


async def test_a_journal_that_can_be_opened_again_is_left_to_another_life(tmp_path: Path) -> None:
    path = filled(tmp_path)
    away = path.rename(tmp_path / "away")
    path.mkdir()
    writing = Writing(tmp_path)
    async with writing as journal:
        assert "cannot be opened" in journal.trouble
        assert "cannot be opened" in await journal.commit([fact("halts", {})])
        path.rmdir()
        away.rename(path)
        await until(lambda: writing.given_up)
        assert len(writing.given_up) == 1
        assert journal.trouble != ""
    # this life has not read it, and must not write into it what it believes
    store = Store(tmp_path)
    past = store.read(0)
    store.close()
    assert (len(past.orders), past.facts) == (COUNT, {})


async def test_one_that_cannot_be_read_is_not_handed_over_again_and_again(tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled(tmp_path))) as journal:
        journal.execute("DROP TABLE fills")
        journal.execute("CREATE TABLE fills (owner, sequence, id, symbol, event_ns)")
    writing = Writing(tmp_path)
    async with writing as writer:
        assert "cannot be opened" in writer.trouble
        tries = writer.failures
        await until(lambda: writer.failures > tries + 1)
        assert writing.given_up == []


async def test_a_full_disk_gives_its_reserve_at_the_opening(tmp_path: Path) -> None:
    filled(tmp_path)
    reserve = tmp_path / RESERVE
    reserve.write_bytes(b"x" * RESERVE_BYTES)
    failpoints.arm("journal.open=full:once")
    async with Writing(tmp_path) as journal:
        assert journal.trouble == ""
        assert await journal.commit([order(COUNT)]) == ""
    # it was given, and is set aside anew
    assert reserve.read_bytes() == bytes(RESERVE_BYTES)


def test_what_cannot_be_set_aside_whole_takes_no_space(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    reserve = Reserve(tmp_path)
    reserve.path.write_bytes(b"x" * (RESERVE_BYTES // 2))

    resource.setrlimit(resource.RLIMIT_FSIZE, (RESERVE_BYTES // 2, before[1]))
    try:
        made = reserve.make()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (made, reserve.is_there, reserve.path.exists()) == (False, False, False)
    assert reserve.make()


async def test_a_page_torn_in_the_middle_puts_the_journal_aside(tmp_path: Path) -> None:
    damage(filled(tmp_path))
    writing = Writing(tmp_path)
    async with writing as journal:
        assert (journal.is_new, journal.lost, journal.trouble) == (True, True, "")
        assert writing.past == NOTHING
        assert await journal.commit([order(1)]) == ""
    assert (tmp_path / f"broken-{FILE}").exists()
    assert ids_in(tmp_path) == {order(1).id}


async def test_a_fact_that_is_no_json_puts_the_journal_aside(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write([fact("halts", {})._replace(value="{torn")])
    store.close()
    async with Writing(tmp_path) as journal:
        assert (journal.lost, journal.trouble) == (True, "")


async def test_a_page_found_torn_by_a_write_puts_the_journal_aside(tmp_path: Path) -> None:
    path = filled(tmp_path)
    writing = Writing(tmp_path)
    async with writing as journal:
        damage(path)
        assert "malformed" in await journal.commit([order(COUNT)])
        await until(lambda: writing.given_up)
        assert "malformed" in journal.trouble
        assert len(writing.given_up) == 1
    async with Writing(tmp_path) as journal:
        assert (journal.is_new, journal.trouble) == (True, "")
    assert (tmp_path / f"broken-{FILE}").exists()

"""One process per journal and per account, and no descriptor in the wrong hands."""

import os
from pathlib import Path

import pytest

from lib.journal.locks import JOURNAL_LOCK, HostLock, Lock, account_lock
from tests.orders.benches import free_bench, placed
from tests.workers.exchange_bench import OWNER, until

pytestmark = pytest.mark.timeout(60)


def test_a_lock_is_held_once_and_names_its_holder(tmp_path: Path) -> None:
    first = Lock(tmp_path / JOURNAL_LOCK)
    with pytest.raises(BlockingIOError, match="is held by process"):
        Lock(tmp_path / JOURNAL_LOCK)
    first.release()
    Lock(tmp_path / JOURNAL_LOCK).release()


def test_an_account_is_one_whoever_trades_it_and_its_key_stays_secret(tmp_path: Path) -> None:
    one = account_lock(tmp_path / "one", "https://x", "key")
    assert one == account_lock(tmp_path / "two", "https://x", "key")
    assert one != account_lock(tmp_path / "one", "https://x", "another")
    assert "key" not in one.name


def test_a_name_of_the_machine_is_held_once_wherever_the_folders_are() -> None:
    name = f"test-{os.getpid()}"
    assert not HostLock.is_held(name)
    first = HostLock(name)
    assert HostLock.is_held(name)
    with pytest.raises(BlockingIOError, match="another run of this machine"):
        HostLock(name)
    first.release()
    HostLock(name).release()


async def test_without_a_supervisor_everyone_is_fenced_and_the_switch_stays_armed(
    run_dir: Path,
) -> None:
    async with free_bench(run_dir, dead_man=60.0) as bench:
        await bench.ready()
        await bench.hello()
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        bench.cut_lifeline()
        await bench.ask("bye")
        await bench.ended()
        assert placed(bench, order.id) == ["CANCELED"]
        (account,) = bench.ledger()["accounts"].values()
        assert list(account["countdowns"]) == ["BTCUSDT"]
        assert bench.lives[OWNER]
        await until(lambda: True)

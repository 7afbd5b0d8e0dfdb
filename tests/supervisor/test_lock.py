"""One config runs once; what a dead run left behind is told from strangers by its start time."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lib.errors import AlreadyRunning
from lib.lives import LIVES, Life, read_lives, started_at, write_lives
from lib.timer import LiveTimer
from supervisor.lock import RunLock, clear, next_epoch
from supervisor.processes.child import Child
from supervisor.processes.leftovers import end_leftovers

SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def test_a_second_taker_is_refused_with_the_holders_pid(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path, LiveTimer()), RunLock(tmp_path, LiveTimer())
    first.take()

    with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"):
        second.take()

    first.release()
    second.take()
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lib.timer import LiveTimer;"
        "from supervisor.lock import RunLock; RunLock(Path(sys.argv[1]), LiveTimer()).take();"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning, match=f"pid {holder.pid}"):
            RunLock(tmp_path, LiveTimer()).take()
        holder.kill()
        holder.wait()

    lock = RunLock(tmp_path, LiveTimer())
    lock.take()
    lock.release()


def test_the_epoch_grows_over_runs_and_over_a_lost_file(tmp_path: Path) -> None:
    now_ns = 1_800_000_000 * 10**9

    first = next_epoch(tmp_path, now_ns)
    assert next_epoch(tmp_path, now_ns) == first + 1
    (tmp_path / "epoch").unlink()
    assert next_epoch(tmp_path, now_ns + 10 * 10**9) == first + 10


def test_a_leftover_that_goes_by_itself_is_waited_for(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, stdin=subprocess.PIPE) as process:
        write_lives(tmp_path, [Life(process.pid, started_at(process.pid), "exchange")])
        assert [left.name for left in read_lives(tmp_path)] == ["exchange"]
        assert process.stdin is not None
        process.stdin.close()

        assert end_leftovers(tmp_path, LiveTimer(), 10) == []
        assert process.wait() == 0


def test_a_leftover_that_stays_is_ended(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, stdin=subprocess.PIPE) as process:
        write_lives(tmp_path, [Life(process.pid, started_at(process.pid), "stream")])
        process.send_signal(signal.SIGSTOP)

        assert end_leftovers(tmp_path, LiveTimer(), 0.05) == ["stream"]
        assert process.wait() == -signal.SIGKILL


def test_a_stranger_with_a_leftovers_pid_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / LIVES).write_text(json.dumps([[os.getpid(), 12345.0, "stream"]]))

    assert read_lives(tmp_path) == []
    assert end_leftovers(tmp_path, LiveTimer(), 0) == []


def test_clear_leaves_nothing_but_the_lock(tmp_path: Path) -> None:
    for name in ("lock", "market", "control"):
        (tmp_path / name).touch()

    clear(tmp_path)

    assert [entry.name for entry in tmp_path.iterdir()] == ["lock"]


def test_a_child_is_reaped_with_its_exit_code_or_signal() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"]) as process:
        child = Child.of(process.pid)
        assert child.wait(10)
        assert child.reap() == 7
        child.close()
        process.returncode = 7
    with subprocess.Popen(SLEEPER, stdin=subprocess.PIPE) as process:
        child = Child.of(process.pid)
        assert child.reap() is None
        child.send(signal.SIGKILL)
        assert child.wait(10)
        assert child.reap() == -signal.SIGKILL
        child.send(signal.SIGTERM)
        child.close()
        process.returncode = -9

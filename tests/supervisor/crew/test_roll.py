"""Who lives, on disk: kept up to date, whatever the system lacks."""

import os
import resource
from pathlib import Path

from lib.constants import WorkerKind
from lib.lives import LIVES, read_lives
from supervisor.crew.roll import Roll
from supervisor.processes.child import Child
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog
from supervisor.record.history import History
from tests.supervisor.ward import make


def make_roll(folder: Path) -> Roll:
    log = EventLog(folder / "events.jsonl", Bounds(1_000_000, 1))
    return Roll(folder, History(lambda: 5, 7, None, quiet=True, as_json=False, events=log))


def test_the_living_are_written_by_pid_start_and_name(tmp_path: Path) -> None:
    alive, dead = make(WorkerKind.STREAM), make(WorkerKind.EXCHANGE)
    alive.child = Child.of(os.getpid())

    make_roll(tmp_path).write([alive, dead])

    [life] = read_lives(tmp_path)
    assert (life.pid, life.name) == (os.getpid(), "stream")
    alive.child.close()


def test_without_descriptors_nothing_is_written_and_that_is_told(tmp_path: Path) -> None:
    worker = make(WorkerKind.STREAM)
    worker.child = Child.of(os.getpid())
    roll = make_roll(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        roll.write([worker])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert not (tmp_path / LIVES).exists()
    assert not roll.is_old  # else the loop would never rest

    roll.write([worker])
    assert [life.name for life in read_lives(tmp_path)] == ["stream"]
    worker.child.close()

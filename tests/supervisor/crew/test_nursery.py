"""Fork server and spare worker, kept alive: real processes, time by hand."""

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.constants import NS_PER_SECOND
from lib.timer import VirtualTimer
from supervisor.crew.nursery import (
    ANSWER_NS,
    IMPORT_NS,
    LONGEST_NS,
    RETRY_NS,
    SPARE_NS,
    Nursery,
)
from supervisor.processes.child import Child
from supervisor.processes.spawner import become_subreaper
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog
from supervisor.record.history import History
from tests.supervisor.processes.rig import SECONDS, Rig

pytestmark = pytest.mark.process


class Ward:
    """A nursery whose time stands until somebody passes it."""

    def __init__(self, folder: Path) -> None:
        become_subreaper()
        self.rig = Rig(folder)
        self.timer = VirtualTimer()
        self.events = folder / "events.jsonl"
        log = EventLog(self.events, Bounds(1_000_000, 1))
        history = History(lambda: 5, 7, None, quiet=True, as_json=False, events=log)
        self.nursery = Nursery(self.rig.spawner, history, self.timer)

    def tick(self, wait_ns: int = 0) -> None:
        self.timer.Sleep(wait_ns / NS_PER_SECOND)
        self.nursery.tick(self.timer.Monotonic())

    def check(self, wait_ns: int = 0) -> None:
        self.timer.Sleep(wait_ns / NS_PER_SECOND)
        self.nursery.check(self.timer.Monotonic())

    def freeze_server(self) -> Child:
        """Stop the fork server once it is ready, and ask it for a spare worker."""
        self.tick()
        self.rig.until(lambda: self.rig.spawner.ready)
        server = self.rig.spawner.server
        assert server is not None
        server.send(signal.SIGSTOP)
        self.tick(RETRY_NS)
        assert self.rig.spawner.pending
        self.check()
        return server

    def spare(self, wait_ns: int) -> int:
        """Return the pid of the spare worker that comes after a time, and not before."""
        self.tick(wait_ns - 1)
        assert not self.rig.spawner.pending
        self.tick(1)
        self.rig.until(lambda: self.rig.spawner.spare)
        assert self.rig.spawner.spare is not None
        return self.rig.spawner.spare.child.pid

    def kill_spare(self, pid: int) -> None:
        spare = self.rig.spawner.spare
        assert spare is not None
        os.kill(pid, signal.SIGKILL)
        assert spare.child.wait(SECONDS)
        assert not self.nursery.reap({spare.child.pidfd})


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path)
    yield made
    made.rig.close()


def test_spare_workers_that_end_one_after_the_other_come_ever_later(ward: Ward) -> None:
    ward.tick()
    ward.rig.until(lambda: ward.rig.spawner.ready)
    ward.nursery.born()

    for wait_ns in (SPARE_NS, RETRY_NS, 2 * RETRY_NS):
        ward.kill_spare(ward.spare(wait_ns))
    for _ in range(10):
        ward.tick(LONGEST_NS)
        ward.rig.until(lambda: ward.rig.spawner.spare)
        assert ward.rig.spawner.spare is not None
        ward.kill_spare(ward.rig.spawner.spare.child.pid)

    ward.nursery.born()
    ward.spare(SPARE_NS)
    assert ward.events.read_text().count("spare worker ended") == 13


def test_without_descriptors_there_is_no_spare_worker_and_no_harm(ward: Ward) -> None:
    ward.tick()
    ward.rig.until(lambda: ward.rig.spawner.ready)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        ward.tick(RETRY_NS)
        assert not ward.rig.spawner.pending
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    ward.tick(RETRY_NS)
    ward.rig.until(lambda: ward.rig.spawner.spare)


def test_a_fork_server_that_is_never_ready_is_ended(ward: Ward) -> None:
    ward.tick()
    server = ward.rig.spawner.server
    assert server is not None
    server.send(signal.SIGSTOP)
    ward.tick(RETRY_NS + IMPORT_NS)
    assert server.wait(SECONDS)
    assert ward.nursery.reap({server.pidfd})


def test_a_fork_server_that_freezes_once_it_was_ready_is_ended(ward: Ward) -> None:
    server = ward.freeze_server()
    ward.check(ANSWER_NS - 1)
    assert not server.wait(0)

    ward.check(1)
    assert server.wait(SECONDS)
    assert ward.nursery.reap({server.pidfd})
    assert not ward.rig.spawner.pending
    assert "no answer for 3 s" in ward.events.read_text()

    ward.tick(RETRY_NS)
    ward.rig.until(lambda: ward.rig.spawner.ready)


def test_a_fork_server_that_answers_may_be_asked_for_ever(ward: Ward) -> None:
    ward.tick()
    ward.rig.until(lambda: ward.rig.spawner.ready)
    for _ in range(3):
        ward.rig.spawner.order_spare()
        ward.check(ANSWER_NS)  # a request that has come since the last answer
        ward.rig.until(lambda: ward.rig.spawner.spare)
        assert ward.rig.spawner.spare is not None
        ward.kill_spare(ward.rig.spawner.spare.child.pid)

    server = ward.rig.spawner.server
    assert server is not None
    assert not server.wait(0)


def test_a_fork_server_is_not_blamed_for_our_own_sleep(ward: Ward) -> None:
    server = ward.freeze_server()
    ward.timer.Sleep(ANSWER_NS / NS_PER_SECOND)
    ward.nursery.forgive()
    ward.check()
    ward.check(ANSWER_NS - 1)
    assert not server.wait(0)

    ward.check(1)
    assert server.wait(SECONDS)


def test_a_fork_server_that_has_ended_is_replaced_after_a_while(ward: Ward) -> None:
    ward.tick()
    ward.rig.until(lambda: ward.rig.spawner.ready)
    first = ward.rig.spawner.server
    assert first is not None

    first.send(signal.SIGKILL)
    assert first.wait(SECONDS)
    assert ward.nursery.reap({first.pidfd})
    assert not ward.rig.spawner.ready

    ward.tick(RETRY_NS)
    second = ward.rig.spawner.server
    assert second is not None
    assert second.pid != first.pid
    assert "fork server ended" in ward.events.read_text()

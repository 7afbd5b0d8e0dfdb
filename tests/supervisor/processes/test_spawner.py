"""Workers as real processes: forked, executed, their descriptors, the fork server's own death."""

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.processes.child import Child
from supervisor.processes.descriptors import ENOUGH, raise_limit
from supervisor.processes.spawner import become_subreaper
from tests.supervisor.processes.rig import OPEN_FILES, SECONDS, Rig

pytestmark = pytest.mark.process


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    become_subreaper()
    made = Rig(tmp_path)
    yield made
    made.close()


def test_a_forked_worker_is_our_own_child_and_its_exit_code_is_ours(rig: Rig) -> None:
    rig.start_server()

    assert rig.end_of(rig.spawn()) == 0


def test_the_fork_server_has_imported_everything(rig: Rig) -> None:
    rig.start_server()

    assert rig.spawner.missing == {}


def test_a_worker_that_cannot_be_loaded_says_why_in_its_log(rig: Rig, tmp_path: Path) -> None:
    rig.start_server()

    assert rig.end_of(rig.spawn("nonsense")) == 1
    assert "No module named 'workers.nonsense'" in (tmp_path / "worker.log").read_text()


def test_a_spare_worker_becomes_the_next_one(rig: Rig, tmp_path: Path) -> None:
    rig.start_server()
    spare = rig.order_spare()

    child = rig.spawn("nonsense")

    assert child.pid == spare
    assert rig.spawner.spare is None
    assert rig.end_of(child) == 1
    assert "No module named 'workers.nonsense'" in (tmp_path / "worker.log").read_text()
    assert rig.end_of(rig.spawn()) == 0


def test_a_spare_worker_that_has_ended_is_passed_over(rig: Rig) -> None:
    rig.start_server()
    spare = rig.order_spare()
    watcher = Child.of(spare)

    os.kill(spare, signal.SIGKILL)
    assert watcher.wait(SECONDS)
    watcher.close()

    child = rig.spawn()
    assert child.pid != spare
    assert rig.end_of(child) == 0


def test_the_end_of_an_unused_spare_worker_is_told_once(rig: Rig) -> None:
    rig.start_server()
    spare = rig.order_spare()
    handle = rig.spawner.spare
    assert handle is not None
    assert rig.spawner.reap_spare(set()) is None

    os.kill(spare, signal.SIGKILL)
    assert handle.child.wait(SECONDS)
    assert rig.spawner.reap_spare({handle.child.pidfd}) == -signal.SIGKILL
    assert rig.spawner.reap_spare({handle.child.pidfd}) is None


@pytest.mark.parametrize("which", ["spawner", "lifeline"])
def test_a_spare_worker_ends_with_its_supervisor(rig: Rig, which: str) -> None:
    rig.start_server()
    watcher = Child.of(rig.order_spare())

    if which == "spawner":
        rig.spawner.close()
    else:
        rig.cut_lifeline()

    assert watcher.wait(SECONDS)
    watcher.close()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import threading\nthreading.Timer(600, print).start()", "starts a thread"),
        ("import socket\nkept = socket.socket()", "opens a file or a socket"),
        ("import os\nos.kill(os.getpid(), 9)", "ends, or holds up, the process that imports it"),
    ],
)
def test_a_module_that_cannot_be_forked_is_left_to_the_workers(
    tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "unfit.py").write_text(text)
    (tmp_path / "plain.py").write_text("")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    become_subreaper()
    rig = Rig(tmp_path, "plain", "leaves", "unfit")
    try:
        rig.spawner.start_server()
        server = rig.spawner.server
        assert server is not None
        assert server.wait(SECONDS)
        server.reap()
        assert rig.spawner.server_exited()

        rig.start_server()
        assert rig.spawner.complaints == [
            f"unfit {why}: every worker imports it itself",
            "leaves: SystemExit: 3",
        ]
        assert rig.end_of(rig.spawn()) == 0
    finally:
        rig.close()


def test_numpy_is_loaded_ahead_without_threads(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    become_subreaper()
    rig = Rig(tmp_path, "numpy")
    try:
        rig.start_server()
        assert rig.spawner.complaints == []
        assert rig.end_of(rig.spawn()) == 0
    finally:
        rig.close()


def test_without_a_fork_server_workers_are_executed(rig: Rig) -> None:
    assert rig.end_of(rig.spawn()) == 0


def test_a_killed_fork_server_is_noticed_and_replaced(rig: Rig) -> None:
    rig.start_server()
    server = rig.spawner.server
    assert server is not None

    server.send(signal.SIGKILL)
    assert server.wait(SECONDS)
    assert server.reap() == -signal.SIGKILL
    rig.spawner.server_exited()
    assert not rig.spawner.ready

    assert rig.end_of(rig.spawn()) == 0
    rig.start_server()
    assert rig.end_of(rig.spawn()) == 0


def test_the_fork_server_ends_when_our_end_of_the_socket_closes(rig: Rig) -> None:
    rig.start_server()
    server = rig.spawner.server
    assert server is not None
    watcher = Child.of(server.pid)

    rig.spawner.close()

    assert watcher.wait(SECONDS)
    watcher.close()


def test_workers_are_given_the_limit_of_descriptors_that_was_ours(rig: Rig) -> None:
    executed = rig.spawn()
    assert resource.prlimit(executed.pid, resource.RLIMIT_NOFILE)[0] == OPEN_FILES
    assert rig.end_of(executed) == 0

    rig.start_server()
    forked = rig.order_spare()
    assert resource.prlimit(forked, resource.RLIMIT_NOFILE)[0] == OPEN_FILES


def test_the_supervisor_takes_all_descriptors_that_it_may() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))
    try:
        assert raise_limit() == OPEN_FILES
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(hard, ENOUGH), hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

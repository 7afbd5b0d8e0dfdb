"""Workers as real processes: forked, executed, their descriptors, the fork server's own death."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.bus.start import Start, encode_start
from supervisor.processes.child import Child
from supervisor.processes.spawner import Spawner, become_subreaper

pytestmark = pytest.mark.process
SECONDS = 20.0


class Nursery:
    """A spawner with what it needs, driven by polls with a deadline."""

    def __init__(self, folder: Path, *preload: str) -> None:
        self.folder = folder
        self.lifeline, self.ours = os.pipe2(os.O_CLOEXEC)
        places = f"{folder}:{Path(__file__).parents[3]}"
        environment = {**os.environ, "PYTHONPATH": places}
        log = folder / "forkserver.log"
        self.spawner = Spawner(environment, self.lifeline, preload, log)
        self.born: list[tuple[int | None, str]] = []

    def start_server(self) -> None:
        self.spawner.start_server()
        self.until(lambda: self.spawner.ready)

    def until(self, condition) -> None:
        poller = __import__("select").poll()
        for _ in range(200):
            if condition():
                return
            if self.spawner.fileno() >= 0:
                poller.register(self.spawner.fileno(), 1)
            poller.poll(SECONDS * 1000 / 200)
            self.spawner.receive()
        raise AssertionError("did not happen in time")

    def spawn(self, kind: str = "preflight") -> Child:
        start = Start(
            name="preflight:test",
            kind=kind,
            project="test",
            run_dir=str(self.folder),
            state_dir=str(self.folder),
            incarnation=1,
            epoch=1,
            config={"bots": {}},
            streams=[],
            roster=[],
            heartbeat_ns=1,
        )
        self.born.clear()
        self.spawner.spawn(
            "preflight:test",
            encode_start(start),
            self.folder / "worker.log",
            lambda pid, error: self.born.append((pid, error)),
        )
        self.until(lambda: self.born)
        [(pid, error)] = self.born
        assert pid is not None, error
        return Child.of(pid)

    def order_spare(self) -> int:
        self.spawner.order_spare()
        self.until(lambda: self.spawner.spare)
        assert self.spawner.spare is not None
        return self.spawner.spare.child.pid

    def cut_lifeline(self) -> None:
        os.close(self.ours)
        self.ours = -1

    def end_of(self, child: Child) -> int:
        assert child.wait(SECONDS)
        code = child.reap()
        assert code is not None
        child.close()
        return code

    def close(self) -> None:
        self.spawner.close()
        os.close(self.lifeline)
        if self.ours >= 0:
            os.close(self.ours)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    become_subreaper()
    made = Nursery(tmp_path)
    yield made
    made.close()


def test_a_forked_worker_is_our_own_child_and_its_exit_code_is_ours(nursery: Nursery) -> None:
    nursery.start_server()

    assert nursery.end_of(nursery.spawn()) == 0


def test_the_fork_server_has_imported_everything(nursery: Nursery) -> None:
    nursery.start_server()

    assert nursery.spawner.missing == {}


def test_a_worker_that_cannot_be_loaded_says_why_in_its_log(
    nursery: Nursery, tmp_path: Path
) -> None:
    nursery.start_server()

    assert nursery.end_of(nursery.spawn("nonsense")) == 1
    assert "No module named 'workers.nonsense'" in (tmp_path / "worker.log").read_text()


def test_a_spare_worker_becomes_the_next_one(nursery: Nursery, tmp_path: Path) -> None:
    nursery.start_server()
    spare = nursery.order_spare()

    child = nursery.spawn("nonsense")

    assert child.pid == spare
    assert nursery.spawner.spare is None
    assert nursery.end_of(child) == 1
    assert "No module named 'workers.nonsense'" in (tmp_path / "worker.log").read_text()
    assert nursery.end_of(nursery.spawn()) == 0


def test_a_spare_worker_that_has_ended_is_passed_over(nursery: Nursery) -> None:
    nursery.start_server()
    spare = nursery.order_spare()
    watcher = Child.of(spare)

    os.kill(spare, signal.SIGKILL)
    assert watcher.wait(SECONDS)
    watcher.close()

    child = nursery.spawn()
    assert child.pid != spare
    assert nursery.end_of(child) == 0


def test_the_end_of_an_unused_spare_worker_is_told_once(nursery: Nursery) -> None:
    nursery.start_server()
    spare = nursery.order_spare()
    handle = nursery.spawner.spare
    assert handle is not None
    assert nursery.spawner.reap_spare(set()) is None

    os.kill(spare, signal.SIGKILL)
    assert handle.child.wait(SECONDS)
    assert nursery.spawner.reap_spare({handle.child.pidfd}) == -signal.SIGKILL
    assert nursery.spawner.reap_spare({handle.child.pidfd}) is None


@pytest.mark.parametrize("which", ["spawner", "lifeline"])
def test_a_spare_worker_ends_with_its_supervisor(nursery: Nursery, which: str) -> None:
    nursery.start_server()
    watcher = Child.of(nursery.order_spare())

    if which == "spawner":
        nursery.spawner.close()
    else:
        nursery.cut_lifeline()

    assert watcher.wait(SECONDS)
    watcher.close()


def test_a_module_that_starts_a_thread_is_left_to_the_workers(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    (tmp_path / "plain.py").write_text("")
    become_subreaper()
    nursery = Nursery(tmp_path, "plain", "nowhere", "threaded")
    try:
        nursery.spawner.start_server()
        server = nursery.spawner.server
        assert server is not None
        assert server.wait(SECONDS)
        assert server.reap() == 0
        assert nursery.spawner.server_exited()

        nursery.start_server()
        [threaded, nowhere] = nursery.spawner.complaints
        assert threaded == "threaded starts a thread: every worker imports it itself"
        assert nowhere == "nowhere: ModuleNotFoundError: No module named 'nowhere'"
        assert nursery.end_of(nursery.spawn()) == 0
    finally:
        nursery.close()


def test_numpy_is_loaded_ahead_without_threads(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    become_subreaper()
    nursery = Nursery(tmp_path, "numpy")
    try:
        nursery.start_server()
        assert nursery.spawner.complaints == []
        assert nursery.end_of(nursery.spawn()) == 0
    finally:
        nursery.close()


def test_without_a_fork_server_workers_are_executed(nursery: Nursery) -> None:
    assert nursery.end_of(nursery.spawn()) == 0


def test_a_killed_fork_server_is_noticed_and_replaced(nursery: Nursery) -> None:
    nursery.start_server()
    server = nursery.spawner.server
    assert server is not None

    server.send(signal.SIGKILL)
    assert server.wait(SECONDS)
    assert server.reap() == -signal.SIGKILL
    nursery.spawner.server_exited()
    assert not nursery.spawner.ready

    assert nursery.end_of(nursery.spawn()) == 0
    nursery.start_server()
    assert nursery.end_of(nursery.spawn()) == 0


def test_the_fork_server_ends_when_our_end_of_the_socket_closes(nursery: Nursery) -> None:
    nursery.start_server()
    server = nursery.spawner.server
    assert server is not None
    watcher = Child.of(server.pid)

    nursery.spawner.close()

    assert watcher.wait(SECONDS)
    watcher.close()

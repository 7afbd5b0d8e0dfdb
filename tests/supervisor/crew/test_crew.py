"""Workers whose birth goes wrong: real processes, time by hand."""

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from lib.constants import WorkerKind
from lib.folders import make_state_dir
from lib.timer import VirtualTimer
from supervisor.config.plan import Plan, WorkerSpec
from supervisor.config.spec import Spec
from supervisor.crew.births import Births, Places
from supervisor.crew.crew import Crew, Tools
from supervisor.crew.nursery import ANSWER_NS
from supervisor.crew.worker import Worker
from supervisor.judges.policy import RestartPolicy
from supervisor.processes.child import Child
from supervisor.processes.spawner import Spawner, become_subreaper
from supervisor.processes.strays import children
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog
from supervisor.record.history import History
from tests.supervisor.processes.rig import SECONDS, Rig

pytestmark = pytest.mark.process
PROJECT = "crewtest"


class Listener:
    """Hears what a crew tells, and who has ended."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.verdicts: list[str] = []

    def last_words(self, seconds: float, enough: Callable[[], bool]) -> None:
        pass

    def ended(self, worker: Worker) -> None:
        self.ends.append(worker.name)

    def gave_up(self, worker: Worker, on_failed: str) -> None:
        pass

    def checked(self, code: int, message: str) -> None:
        self.verdicts.append(message)


class Midwife:
    """A spawner that bears nobody before it is told to."""

    server = spare = None
    pending = False

    def __init__(self) -> None:
        self.born: list[Callable[[int | None, str], None]] = []

    def spawn(self, _name: str, _start: bytes, _log: Path, born: Any) -> None:
        self.born.append(born)


class House:
    """A crew of one worker, by default one that needs no exchange."""

    def __init__(self, folder: Path, spawner: Spawner, kind: WorkerKind = WorkerKind.VENUE) -> None:
        become_subreaper()
        make_state_dir(PROJECT)
        config: dict[str, Any] = {"factory": "none", "general": {}, kind.value: {}}
        spec = WorkerSpec(kind.value, kind, config, {}, RestartPolicy(), 1.0)
        plan = Plan(PROJECT, (spec,), frozenset(), "text", {}, cast("Spec", None))
        self.events = folder / "events.jsonl"
        log = EventLog(self.events, Bounds(1_000_000, 1))
        history = History(lambda: 5, 7, None, quiet=True, as_json=False, events=log)
        history.add("supervisor", "started")  # the event log is open from now on
        self.births = births = Births(plan, Places(folder, folder, ()), 1, {})
        self.timer = VirtualTimer()
        self.listener = Listener()
        tools = Tools(births, spawner, history, self.timer)
        self.crew = Crew(plan, 1, tools, self.listener, children())
        self.worker = self.crew.workers[kind.value]

    def start(self) -> None:
        self.crew.do(self.worker, self.worker.life.start(self.timer.Monotonic()))

    def stop(self) -> None:
        self.crew.do(self.worker, self.worker.life.stop(self.timer.Monotonic()))


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def newborn() -> Iterator[Child]:
    """A forked process whose descriptor the test has, and the crew has not yet."""
    process = subprocess.Popen(["sleep", "60"])
    process.returncode = 0  # reaped through the pidfd, not by Popen
    child = Child.of(process.pid)
    yield child
    child.close()


def bear_without_descriptors(midwife: Midwife, pid: int) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        midwife.born[0](pid, "")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_without_descriptors_a_newborn_is_ended_and_replaced(
    tmp_path: Path, newborn: Child
) -> None:
    midwife = Midwife()
    house = House(tmp_path, cast("Spawner", midwife))
    house.start()

    bear_without_descriptors(midwife, newborn.pid)

    assert house.listener.ends == ["venue"]
    assert house.worker.child is None
    assert newborn.wait(SECONDS)  # nobody would know of it, and its next life may come at once
    assert newborn.reap() == -signal.SIGKILL
    assert len(midwife.born) == 2
    assert "Too many open files" in house.events.read_text()


def test_without_descriptors_a_check_says_so(tmp_path: Path, newborn: Child) -> None:
    midwife = Midwife()
    house = House(tmp_path, cast("Spawner", midwife))
    house.crew.start_checks()

    bear_without_descriptors(midwife, newborn.pid)

    [verdict] = house.listener.verdicts
    assert "Too many open files" in verdict
    assert newborn.wait(SECONDS)
    assert newborn.reap() == -signal.SIGKILL


@pytest.mark.parametrize("is_own", [False, True])
def test_orders_of_a_former_run_may_rest_as_soon_as_an_exchange_worker_is_born(
    tmp_path: Path, *, is_own: bool
) -> None:
    house = House(tmp_path, cast("Spawner", Midwife()), WorkerKind.EXCHANGE)
    assert not house.worker.unproven
    if is_own:
        house.births.venue = dict.fromkeys(("rest_url", "ws_url", "key", "secret"), "")

    house.start()

    # an exchange of our own has begun with this run
    assert house.worker.unproven is not is_own


def test_a_stop_does_not_wait_for_a_frozen_fork_server(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    try:
        house = House(tmp_path, rig.spawner)
        rig.start_server()
        server = rig.spawner.server
        assert server is not None
        server.send(signal.SIGSTOP)
        house.start()
        house.stop()
        assert house.worker.spawning

        house.crew.tick(house.timer.Monotonic(), stopping=True)
        house.crew.tick(house.timer.Monotonic() + ANSWER_NS, stopping=True)
        assert server.wait(SECONDS)
        house.crew.reap({server.pidfd})
        assert house.listener.ends == ["venue"]
        assert not house.worker.life.running
    finally:
        rig.close()

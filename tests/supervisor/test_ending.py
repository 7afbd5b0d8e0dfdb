"""A stop that meets an exchange worker between two lives: what rests is cancelled, or told."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from lib.constants import ExitCode, ExitReason, WorkerKind, WorkerState
from lib.timer import VirtualTimer
from supervisor.crew.crew import Crew
from supervisor.crew.preflight import Preflights
from supervisor.crew.worker import Worker
from supervisor.ending import UNPROVEN, Ending
from supervisor.judges.actions import Action, Kill, Spawn
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog
from supervisor.record.history import History
from tests.supervisor.ward import make


class Lone:
    """A crew of one exchange worker that has traded, without processes."""

    def __init__(self, folder: Path) -> None:
        self.worker: Worker = make(WorkerKind.EXCHANGE)
        self.worker.unproven = self.worker.was_ready = True
        self.workers = {self.worker.name: self.worker}
        self.preflights = Preflights([])
        self.killed: list[int] = []
        self.timer = VirtualTimer()
        log = EventLog(folder / "events.jsonl", Bounds(1_000_000, 1))
        history = History(lambda: 5, 7, None, quiet=True, as_json=False, events=log)
        self.ending = Ending(cast("Crew", self), history, self.timer)

    def __iter__(self) -> Iterator[Worker]:
        return iter(self.workers.values())

    def do(self, worker: Worker, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Kill(number):
                    self.killed.append(number)
                case Spawn():
                    worker.reborn(1, 2, self.timer.Monotonic())

    def hand_over(self) -> None:
        self.worker.hands_over = True
        now_ns = self.timer.Monotonic()
        self.do(self.worker, self.worker.life.restart(ExitReason.REQUESTED, "", now_ns))

    def stop(self) -> None:
        self.ending.begin("requested")
        self.ending.go_on()

    def end(self, code: int = 0) -> None:
        """Let the present life end."""
        now_ns = self.timer.Monotonic()
        self.do(self.worker, self.worker.life.exited(code, now_ns, 1))
        self.ending.ended(self.worker.name)

    def ready(self) -> None:
        self.worker.life.beat(WorkerState.READY, self.timer.Monotonic())
        self.ending.arrived(self.worker.name)

    @property
    def grace(self) -> float:
        return self.worker.spec.restart.grace


@pytest.fixture
def lone(tmp_path: Path) -> Lone:
    return Lone(tmp_path)


def test_what_a_hand_over_leaves_is_cancelled_by_the_next_life_before_the_stop(lone: Lone) -> None:
    lone.hand_over()
    lone.killed.clear()
    lone.stop()
    lone.end()
    assert (lone.worker.life.state, lone.killed) == (WorkerState.STARTING, [])

    lone.ready()
    assert len(lone.killed) == 1
    lone.worker.unproven = False  # it said `clean`
    lone.end()

    assert (lone.ending.finished, lone.ending.exit_code) == (True, ExitCode.DONE)


def test_a_stop_during_the_opening_of_an_heir_lets_it_open_first(lone: Lone) -> None:
    lone.hand_over()
    lone.end()
    lone.killed.clear()

    lone.stop()
    assert lone.killed == []
    lone.ready()

    assert len(lone.killed) == 1


def test_an_heir_that_does_not_get_ready_is_waited_for_no_longer_than_its_grace(lone: Lone) -> None:
    lone.hand_over()
    lone.killed.clear()
    lone.stop()
    lone.end()
    due_ns = lone.ending.deadline()
    assert due_ns is not None

    lone.ending.tick(due_ns - 1)
    assert lone.killed == []
    lone.timer.advance(lone.grace)
    lone.ending.tick(lone.timer.Monotonic())
    assert len(lone.killed) == 1
    assert lone.ending.deadline() is None
    lone.end()

    assert (lone.ending.finished, lone.ending.error) == (True, UNPROVEN)


def test_an_heir_that_fails_is_not_waited_for(lone: Lone) -> None:
    lone.hand_over()
    lone.stop()
    lone.end()

    while lone.worker.life.running:
        lone.end(1)

    assert (lone.ending.finished, lone.ending.error) == (True, UNPROVEN)


def test_a_forced_stop_waits_for_no_heir(lone: Lone) -> None:
    lone.hand_over()
    lone.stop()

    lone.ending.force("SIGINT")
    lone.ending.force("SIGINT")
    lone.end(-9)

    assert (lone.ending.finished, lone.ending.error) == (True, UNPROVEN)


def test_a_worker_that_was_never_ready_is_stopped_in_its_opening(lone: Lone) -> None:
    lone.worker.was_ready = False
    lone.worker.life.beat(WorkerState.STARTING, 0)

    lone.stop()

    assert len(lone.killed) == 1

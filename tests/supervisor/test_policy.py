"""The life of a worker, told as histories; time is an argument."""

import signal
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lib.constants import NS_PER_SECOND, ExitReason, WorkerState
from supervisor.policy import (
    FAILED_RETRY,
    HUNG_GRACE,
    Condemn,
    GiveUp,
    Kill,
    Life,
    Note,
    RestartPolicy,
    Spawn,
)


def seconds(value: float) -> int:
    return round(value * NS_PER_SECOND)


@pytest.fixture
def life() -> Life:
    return Life(RestartPolicy(), Random(1))


def started(life: Life, now_ns: int = 0) -> None:
    assert life.start(now_ns) == [Spawn()]


def kinds(actions: list) -> list[type]:
    return [type(action) for action in actions if not isinstance(action, Note)]


def test_first_beat_that_says_ready_makes_it_ready(life: Life) -> None:
    started(life)

    life.beat(WorkerState.STARTING, seconds(0.1))
    assert life.state is WorkerState.STARTING

    life.beat(WorkerState.READY, seconds(0.2))
    assert life.state is WorkerState.READY


def test_first_restart_after_a_crash_is_immediate(life: Life) -> None:
    started(life)

    actions = life.exited(1, seconds(1), at_ns=7)

    assert kinds(actions) == [Condemn, Spawn]
    assert life.restarts == 1
    assert life.last_exit is not None
    assert (life.last_exit.reason, life.last_exit.code, life.last_exit.at_ns) == ("exit", 1, 7)


def test_a_crash_loop_waits_longer_each_time_and_starts_at_most_twelve_times_a_minute() -> None:
    life = Life(RestartPolicy(limit=1000), Random(3))
    now = 0
    started(life)
    starts, gaps = 1, []

    while now < seconds(60):
        actions = life.exited(1, now, 0)
        if Spawn not in kinds(actions):
            due = life.deadline()
            assert due is not None
            gaps.append(due - now)
            now = due
            assert kinds(life.tick(now)) == [Spawn]
        starts += 1
        now += seconds(0.01)

    assert starts <= 12
    assert max(gaps) <= seconds(30)
    assert gaps[-1] > gaps[0]


def test_identical_workers_wait_differently() -> None:
    dues = set()
    for seed in range(5):
        life = Life(RestartPolicy(), Random(seed))
        started(life)
        life.exited(1, 0, 0)
        life.exited(1, 0, 0)
        dues.add(life.deadline())

    assert len(dues) == 5


def test_stable_readiness_forgives_earlier_failures(life: Life) -> None:
    started(life)
    life.exited(1, 0, 0)
    life.exited(1, 0, 0)
    due = life.deadline()
    assert due is not None
    life.tick(due)
    life.beat(WorkerState.READY, due)

    actions = life.exited(1, due + seconds(11), 0)

    assert Spawn in kinds(actions)


def test_too_many_failures_isolate_the_worker_and_it_is_tried_again_later(life: Life) -> None:
    started(life)
    now, actions = 0, []
    for _ in range(11):
        actions = life.exited(1, now, 0)
        if life.state is WorkerState.BACKOFF:
            life.tick(life.deadline() or 0)

    assert GiveUp("isolate") in actions
    assert life.state is WorkerState.FAILED
    assert life.deadline() == now + seconds(FAILED_RETRY)
    assert kinds(life.tick(now + seconds(FAILED_RETRY))) == [Spawn]


def test_kills_from_outside_of_a_ready_worker_are_restarted_at_once_twenty_times(
    life: Life,
) -> None:
    started(life)
    now = 0
    for _ in range(20):
        now += seconds(0.5)
        life.beat(WorkerState.READY, now)
        assert Spawn in kinds(life.exited(-signal.SIGKILL, now + 1, 0))


def test_bad_config_is_not_restarted(life: Life) -> None:
    started(life)

    actions = life.exited(2, seconds(1), 0)

    assert Spawn not in kinds(actions)
    assert life.state is WorkerState.FAILED


def test_hung_worker_is_condemned_terminated_and_then_killed(life: Life) -> None:
    started(life)
    life.beat(WorkerState.READY, 0)

    assert kinds(life.hung("no heartbeat", seconds(2))) == [Condemn, Kill]
    assert life.state is WorkerState.HUNG
    due = life.deadline()
    assert due == seconds(2 + HUNG_GRACE)
    assert Kill(signal.SIGKILL) in life.tick(due)

    actions = life.exited(-signal.SIGKILL, due + 1, 0)
    assert life.last_exit is not None
    assert life.last_exit.reason is ExitReason.HUNG
    assert Spawn in kinds(actions)


def test_stop_waits_for_the_grace_time_before_it_kills(life: Life) -> None:
    started(life)

    assert kinds(life.stop(0)) == [Kill]
    assert life.deadline() == seconds(5)
    assert Kill(signal.SIGKILL) in life.tick(seconds(5))
    assert Spawn not in kinds(life.exited(-9, seconds(5), 0))
    assert life.state is WorkerState.EXITED
    assert life.last_exit is not None
    assert life.last_exit.reason is ExitReason.REQUESTED


def test_stop_during_backoff_ends_the_wait(life: Life) -> None:
    started(life)
    life.exited(1, 0, 0)
    life.exited(1, 0, 0)
    assert life.state is WorkerState.BACKOFF

    assert life.stop(1) == []
    assert life.deadline() is None
    assert life.state is WorkerState.EXITED


def test_a_restart_that_did_not_bring_data_back_is_not_repeated_soon(life: Life) -> None:
    started(life)
    restarts = []
    for now in range(0, 3000, 10):
        life.beat(WorkerState.READY, seconds(now))
        life.stale("book BTCUSDT")
        if kinds(life.restart(ExitReason.STALE, "book BTCUSDT", seconds(now))):
            restarts.append(now)
            life.exited(0, seconds(now), 0)

    assert restarts == [0, 300, 900, 2100]


def test_fresh_data_makes_the_next_staleness_a_new_one(life: Life) -> None:
    started(life)
    restarts = 0
    for now in range(5):
        life.beat(WorkerState.READY, seconds(now))
        life.stale("book BTCUSDT")
        if kinds(life.restart(ExitReason.STALE, "book BTCUSDT", seconds(now))):
            restarts += 1
            life.exited(0, seconds(now), 0)
        life.fresh()

    assert restarts == 5


def test_a_bot_that_asks_for_restarts_for_ever_is_refused(life: Life) -> None:
    started(life)
    granted = 0
    for now in range(30):
        if Kill in kinds(life.asked("no new data", seconds(now))):
            granted += 1
            life.exited(0, seconds(now), 0)

    assert granted == 10


class Lives(RuleBasedStateMachine):
    """Random histories; the invariants of the module's docstring."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(RestartPolicy(limit=3, window=20.0), Random(0))
        self.now = 0
        self.alive = 0
        self.wanted = False

    def do(self, actions: list) -> None:
        for action in actions:
            if isinstance(action, Spawn):
                self.alive += 1
                assert self.alive == 1, "two lives at once"
            if isinstance(action, Kill):
                assert self.alive == 1, "a signal to nobody"

    @rule(gap=st.floats(0, 40))
    def time_passes(self, gap: float) -> None:
        self.now += seconds(gap)
        self.do(self.life.tick(self.now))

    @rule()
    def start(self) -> None:
        self.wanted = True
        self.do(self.life.start(self.now))

    @rule()
    def stop(self) -> None:
        self.wanted = False
        self.do(self.life.stop(self.now))

    @precondition(lambda self: self.alive)
    @rule(state=st.sampled_from([WorkerState.STARTING, WorkerState.READY]))
    def beat(self, state: WorkerState) -> None:
        self.do(self.life.beat(state, self.now))

    @precondition(lambda self: self.alive)
    @rule()
    def hang(self) -> None:
        self.do(self.life.hung("no heartbeat", self.now))

    @precondition(lambda self: self.alive)
    @rule()
    def go_stale(self) -> None:
        self.do(self.life.stale("book"))
        self.do(self.life.restart(ExitReason.STALE, "book", self.now))

    @precondition(lambda self: self.alive)
    @rule()
    def ask(self) -> None:
        self.do(self.life.asked("why not", self.now))

    @precondition(lambda self: self.alive)
    @rule(code=st.sampled_from([0, 1, 2, -9, -11]))
    def die(self, code: int) -> None:
        self.alive = 0
        self.do(self.life.exited(code, self.now, self.now))

    @rule()
    def restart(self) -> None:
        if self.wanted:
            self.do(self.life.restart(ExitReason.REQUESTED, "asked", self.now))

    @invariant()
    def always_running_waiting_or_finished(self) -> None:
        assert bool(self.alive) == self.life.running
        if self.wanted and not self.alive:
            assert self.life.deadline() is not None


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

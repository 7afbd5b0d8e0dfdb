"""The life of a worker, told as histories; time is an argument."""

import signal
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lib.constants import NS_PER_SECOND, ExitReason, WorkerState
from supervisor.judges.actions import Condemn, GiveUp, Kill, Note, Spawn
from supervisor.judges.illness import Finding, Illness
from supervisor.judges.life import Life
from supervisor.judges.policy import FAILED_RETRY, HUNG_GRACE, RestartPolicy


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


def stale_restarts(life: Life, seconds_of_health: int) -> int:
    """Return how many of ten stale times, a while of fresh data apart, led to a restart."""
    started(life)
    restarts, now = 0, 0
    for _ in range(10):
        life.beat(WorkerState.READY, seconds(now))
        life.stale("book BTCUSDT")
        if kinds(life.restart(ExitReason.STALE, "book BTCUSDT", seconds(now))):
            restarts += 1
            life.exited(0, seconds(now), 0)
        for _ in range(seconds_of_health):
            now += 1
            life.beat(WorkerState.READY, seconds(now))
            life.fresh(seconds(now))
    return restarts


def test_staleness_after_a_restart_that_helped_is_a_new_one(life: Life) -> None:
    assert stale_restarts(life, seconds_of_health=32) == 10


def test_a_symbol_that_is_quiet_again_and_again_is_not_restarted_each_time(life: Life) -> None:
    assert stale_restarts(life, seconds_of_health=5) == 1


def test_a_bot_that_asks_for_restarts_for_ever_is_refused(life: Life) -> None:
    started(life)
    granted = 0
    for now in range(30):
        if Kill in kinds(life.asked("no new data", seconds(now))):
            granted += 1
            life.exited(0, seconds(now), 0)

    assert granted == 10


def test_a_hard_limit_kills_at_once_and_counts_as_a_failure(life: Life) -> None:
    started(life)
    life.beat(WorkerState.READY, 0)

    assert kinds(life.doomed("2000 MB of memory, limit 1000 MB")) == [Condemn, Kill]
    assert life.doomed("2001 MB of memory, limit 1000 MB") == []
    life.exited(-signal.SIGKILL, seconds(1), 0)
    life.doomed("again")
    life.exited(-signal.SIGKILL, seconds(2), 0)

    assert life.state is WorkerState.BACKOFF
    assert life.last_exit is not None
    assert life.last_exit.reason is ExitReason.SICK


def test_failures_with_a_cause_outside_wait_but_spend_no_budget() -> None:
    life = Life(RestartPolicy(limit=3), Random(1))
    started(life)
    now, waits = 0, []
    for _ in range(20):
        life.exited(1, now, 0, excused=True)
        due = life.deadline() or now
        waits.append(due - now)
        now = due
        life.tick(now)

    assert life.running
    assert waits[-1] >= seconds(15)


def test_slow_and_sick_restarts_that_do_not_help_become_rare(life: Life) -> None:
    started(life)
    restarts = []
    for now in range(0, 3600, 10):
        life.beat(WorkerState.READY, seconds(now))
        if kinds(life.restart(ExitReason.SICK, "300 MB", seconds(now))):
            restarts.append(now)
            life.exited(0, seconds(now), 0)

    assert restarts == [0, 300, 900, 2100]


def test_a_long_time_of_health_makes_an_illness_new(life: Life) -> None:
    started(life)
    for now in (0, 300, 20_000, 20_300):
        life.beat(WorkerState.READY, seconds(now))
        assert Kill in kinds(life.restart(ExitReason.SLOW, "slow", seconds(now)))
        life.exited(0, seconds(now), 0)


def test_each_illness_is_counted(life: Life) -> None:
    started(life)
    life.beat(WorkerState.READY, 0)
    life.stale("book")
    life.found(Finding(Illness.SLOW, "late"))
    life.hung("silent", 1)
    life.exited(-9, 2, 0)
    life.exited(1, 3, 0)

    assert life.illnesses == {"stale": 1, "slow": 1, "hung": 1, "dead": 1}


LIMIT, WINDOW, FIRST_WAIT = 3, 20.0, 0.5


class Lives(RuleBasedStateMachine):
    """Random histories; the invariants of the module's docstring."""

    def __init__(self) -> None:
        super().__init__()
        policy = RestartPolicy(backoff_min=FIRST_WAIT, limit=LIMIT, window=WINDOW)
        self.life = Life(policy, Random(0))
        self.now = 0
        self.alive = 0
        self.wanted = False
        self.earliest = 0
        """When the next life may begin unless somebody asks for it."""
        self.spent: list[int] = []
        """When failures led to another life."""

    def do(self, actions: list, *, asked: bool = False) -> None:
        for action in actions:
            if isinstance(action, Spawn):
                self.alive += 1
                assert self.alive == 1, "two lives at once"
                if asked:
                    self.earliest = self.now  # who asks does not wait, nor does what follows
                assert self.now >= self.earliest, "no wait after a failure"
            if isinstance(action, Kill):
                assert self.alive == 1, "a signal to nobody"

    @rule(gap=st.floats(0, 40))
    def time_passes(self, gap: float) -> None:
        self.now += seconds(gap)
        self.do(self.life.tick(self.now))

    @rule()
    def start(self) -> None:
        self.wanted = True
        self.do(self.life.start(self.now), asked=True)

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

    @precondition(lambda self: self.alive and self.wanted)
    @rule(reason=st.sampled_from([ExitReason.STALE, ExitReason.SLOW, ExitReason.SICK]))
    def ail(self, reason: ExitReason) -> None:
        self.do(self.life.stale("book") if reason is ExitReason.STALE else [])
        self.do(self.life.restart(reason, "evidence", self.now))

    @rule()
    def get_well(self) -> None:
        self.do(self.life.fresh(self.now))

    @precondition(lambda self: self.alive)
    @rule()
    def pass_a_hard_limit(self) -> None:
        self.do(self.life.doomed("2 GB"))

    @precondition(lambda self: self.alive and self.wanted)
    @rule()
    def ask(self) -> None:
        self.do(self.life.asked("why not", self.now))

    @precondition(lambda self: self.alive)
    @rule(code=st.sampled_from([0, 1, 2, -9, -11]), excused=st.booleans())
    def die(self, code: int, excused: bool) -> None:
        self.alive = 0
        ended_well = self.life.is_ending
        actions = self.life.exited(code, self.now, self.now, excused=excused)
        reason = self.life.last_exit.reason if self.life.last_exit else None
        is_failure = reason in (ExitReason.EXIT, ExitReason.SIGNAL, ExitReason.HUNG)
        if self.wanted and is_failure and not ended_well:
            self.earliest = self.now + seconds(FIRST_WAIT / 2)
            if self.life.state is WorkerState.BACKOFF and code != -9 and not excused:
                self.spent.append(self.now)
        self.do(actions)

    @rule()
    def force(self) -> None:
        self.wanted = False
        self.do(self.life.force())

    @rule()
    def restart(self) -> None:
        if self.wanted:
            self.do(self.life.restart(ExitReason.REQUESTED, "asked", self.now), asked=True)

    @invariant()
    def always_running_waiting_or_finished(self) -> None:
        assert bool(self.alive) == self.life.running
        if self.wanted and not self.alive:
            assert self.life.state in (WorkerState.BACKOFF, WorkerState.FAILED)
            assert self.life.deadline() is not None

    @invariant()
    def the_budget_is_never_exceeded(self) -> None:
        self.spent = [at for at in self.spent if at > self.now - seconds(WINDOW)]
        assert len(self.spent) <= LIMIT or self.life.state is WorkerState.FAILED


TestLives = Lives.TestCase
TestLives.pytestmark = [pytest.mark.timeout(300)]
TestLives.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)

"""All workers of a run as processes: born, signalled, reaped, as their policies decide."""

import signal
from collections.abc import Callable, Collection, Iterator
from functools import partial
from random import Random
from typing import NamedTuple, Protocol

from lib.bus.protocol import incarnation
from lib.bus.start import Start, encode_start
from lib.constants import HAND_OVER, NS_PER_SECOND, ExitCode, WorkerKind
from lib.folders import log_path
from lib.timer import AbstractTimer
from supervisor.config.plan import Plan
from supervisor.crew.births import Births
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.nursery import Nursery
from supervisor.crew.outage import TALKERS, Outage
from supervisor.crew.preflight import Preflight, Preflights
from supervisor.crew.roll import Roll
from supervisor.crew.worker import Worker, make_worker
from supervisor.judges.actions import Action, Condemn, GiveUp, Kill, Note, Spawn
from supervisor.processes.child import Child, handle
from supervisor.processes.spawner import Spawner
from supervisor.processes.strays import end_strays
from supervisor.record.events import EXITED
from supervisor.record.history import History
from supervisor.record.last_words import end_facts, last_words, size_of

STRAY_NS = NS_PER_SECOND
"""Time between two looks for children that nobody knows."""
REFUSAL_SECONDS = 2.0
"""How long a preflight's reason may be on its way when its exit code says that there is one."""
WORDS_SECONDS = 0.05
"""The same for a worker that refused, and for the orders that the exchange worker kept."""
VERDICT_SECONDS = 1.0
"""The same for what a stop waits to hear from the exchange worker: whether all orders are gone."""


class Listener(Protocol):
    """What the crew tells its supervisor."""

    def last_words(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Take the messages that a worker sent before it ended; wait for them until `enough`."""

    def ended(self, worker: Worker) -> None:
        """A life has ended."""

    def gave_up(self, worker: Worker, on_failed: str) -> None:
        """A worker failed too often."""

    def checked(self, code: int, message: str) -> None:
        """A preflight has ended; `message` is empty when it passed."""


class Tools(NamedTuple):
    """What the crew works with."""

    births: Births
    spawner: Spawner
    history: History
    timer: AbstractTimer


class Crew:
    """The run's workers.

    Args:
        plan: Who they are.
        epoch: The run's number.
        tools: What it works with.
        listener: Who is told.
        strangers: Children that are none of ours and stay untouched.
    """

    def __init__(
        self, plan: Plan, epoch: int, tools: Tools, listener: Listener, strangers: Collection[int]
    ) -> None:
        """Have nobody alive."""
        self._plan = plan
        self._epoch = epoch
        self._births, self._spawner, self._history, self._timer = tools
        self.nursery = Nursery(self._spawner, self._history, self._timer)
        self._listener = listener
        self._strangers = frozenset(strangers)
        random = Random(epoch)
        self.workers = {spec.name: make_worker(spec, random) for spec in plan.workers}
        self.preflights = Preflights(self._births.preflights())
        self.lifecycle: Lifecycle | None = None
        self.outage = Outage()
        self._lives = 0
        self._stray_due_ns = 0
        self._roll = Roll(self._births.places.run_dir, self._history)

    def __iter__(self) -> Iterator[Worker]:
        """Iterate over the workers in the order of the plan."""
        return iter(self.workers.values())

    # --- births ---

    @property
    def can_start(self) -> bool:
        """False while the first lives would have to be executed, which is slower than waiting."""
        return self._spawner.ready or self._lives > 0

    def start_checks(self) -> bool:
        """Start the preflights that are due; return whether all have passed."""
        for check in self.preflights.unasked():
            self._spawn_check(check)
        return self.preflights.passed

    def do(self, worker: Worker, actions: list[Action]) -> None:
        """Do what a worker's policy has decided."""
        for action in actions:
            match action:
                case Spawn():
                    self._spawn_worker(worker)
                case Kill(number):
                    self._kill(worker, number)
                case Condemn():
                    self._condemn(worker)
                case Note(event, reason, facts):
                    more = end_facts(facts, worker.last_words) if event == EXITED else {}
                    self._history.add(worker.name, event, reason, **{**facts, **more})
                case GiveUp(on_failed):
                    self._listener.gave_up(worker, on_failed)

    def _spawn_check(self, check: Preflight) -> None:
        def born(child: Child | None, error: str) -> None:
            if child is not None:
                check.born(child, self._timer.Monotonic())
                return
            check.done = True
            if not check.is_dropped:
                self._listener.checked(ExitCode.ERROR, f"{check.name}: {error}")

        self._lives += 1
        life = incarnation(self._epoch, self._lives)
        self._spawn(self._births.check(check.name, check.config, life), born)

    def _spawn_worker(self, worker: Worker) -> None:
        self._lives += 1
        worker.reborn(self._epoch, self._lives, self._timer.Monotonic())
        if worker.spec.kind is WorkerKind.EXCHANGE and not self._births.venue:
            # a former run's orders may rest there, also when this life does not get to trade
            worker.unproven = True
        worker.log_begin = size_of(log_path(self._plan.project, worker.name))
        rows = self._publish()

        def born(child: Child | None, error: str) -> None:
            worker.spawning = False
            if child is None:
                self._history.add(worker.name, "not started", error)
                self._exited(worker, int(ExitCode.ERROR))
                return
            worker.child = child
            worker.watch.born(self._timer.Monotonic())
            restarts = worker.life.restarts
            self._history.add(worker.name, "started", pid=child.pid, restarts=restarts)
            self._roll.is_old = True
            for number in worker.pending_kill:
                child.send(signal.Signals(number))

        self._spawn(self._births.worker(worker.spec, worker.incarnation, rows), born)

    def _spawn(self, start: Start, born: Callable[[Child | None, str], None]) -> None:
        def forked(pid: int | None, error: str) -> None:
            born(*handle(pid, error))

        log = log_path(self._plan.project, start.name)
        self.nursery.born()
        try:
            self._spawner.spawn(start.name, encode_start(start), log, forked)
        except OSError as error:
            born(None, str(error))

    def _kill(self, worker: Worker, number: signal.Signals) -> None:
        if worker.hands_over and number is signal.SIGTERM:
            number = HAND_OVER
        if worker.child is not None:
            worker.child.send(number)
        elif worker.spawning:
            worker.pending_kill.append(number)

    def _condemn(self, worker: Worker) -> None:
        if not worker.condemned:
            worker.condemned = True
            self._publish()

    def _publish(self) -> list[list[object]]:
        if self.lifecycle is None:
            return []
        self.lifecycle.publish(self._timer.Monotonic())
        return self.lifecycle.rows()

    # --- what is due ---

    def tick(self, now_ns: int, *, stopping: bool) -> None:
        """Do what is due: the silent are hung, waits are over, strays are swept up."""
        for worker in self:
            is_watched = worker.child is not None and not worker.condemned
            if is_watched and (reason := worker.watch.hung(now_ns)):
                self.do(worker, worker.life.hung(reason, now_ns))
            self.do(worker, worker.life.tick(now_ns))
        self.preflights.tick(now_ns)
        self._history.tick(now_ns)
        if now_ns >= self._stray_due_ns:
            self._end_strays()
        if self._roll.is_old:
            self._roll.write(self)
        self.nursery.check(now_ns)
        if not stopping:
            self.nursery.tick(now_ns)

    def deadlines(self) -> Iterator[int]:
        """Yield when something is due, monotonic ns."""
        if self._roll.is_old:
            yield 0
        if (check_ns := self.preflights.deadline()) is not None:
            yield check_ns
        for worker in self:
            if (due_ns := worker.life.deadline()) is not None:
                yield due_ns
            if worker.child is not None and not worker.condemned:
                yield worker.watch.deadline()

    def forgive(self) -> None:
        """Hold nobody's silence against them that fell into our own sleep."""
        now_ns = self._timer.Monotonic()
        for worker in self:
            worker.watch.forgive(now_ns)
        self.preflights.forgive(now_ns)
        self.nursery.forgive()

    # --- ends ---

    def close(self) -> None:
        """End the checks that still run; workers see their lifeline close, and clean up."""
        for child in self.preflights.children():
            child.end(0)

    def children(self) -> Iterator[Child]:
        """Yield every process of the run."""
        yield from self.nursery.children()
        yield from self.preflights.children()
        yield from self._history.children()
        for worker in self:
            if worker.child is not None:
                yield worker.child

    def reap(self, ready: set[int]) -> None:
        """Take the ends of the processes whose descriptors are `ready`."""
        if self.nursery.reap(ready):
            self._end_strays()
        self._history.reap(ready)
        for check, code in self.preflights.reap(ready):
            refused = code in (ExitCode.USAGE, ExitCode.ERROR)
            self._listener.last_words(REFUSAL_SECONDS if refused else 0, partial(_refused, check))
            log = log_path(self._plan.project, check.name)
            self._listener.checked(*self.preflights.verdict(check, code, str(log)))
        for worker in self:
            if worker.child is not None and worker.child.pidfd in ready:
                ended = worker.child.reap()
                if ended is not None:
                    self._hear_last_words(worker, ended)
                    self._exited(worker, ended)

    def _hear_last_words(self, worker: Worker, code: int) -> None:
        speaks = code == ExitCode.USAGE or worker.spec.kind is WorkerKind.EXCHANGE
        seconds = WORDS_SECONDS if speaks and code >= 0 else 0
        if worker.unproven and code == ExitCode.DONE and not worker.life.is_wanted:
            # what it says now decides how the stop ends
            self._listener.last_words(VERDICT_SECONDS, lambda: not worker.unproven)
        self._listener.last_words(seconds, lambda: False)

    def _exited(self, worker: Worker, code: int) -> None:
        if worker.child is not None:
            worker.child.close()
            worker.child = None
        self._roll.is_old = True
        log = log_path(self._plan.project, worker.name)
        worker.last_words = last_words(log, worker.log_begin) if code else []
        now_ns, at_ns = self._timer.Monotonic(), self._timer.Timestamp()
        excused = self.outage.is_on and worker.spec.kind in TALKERS
        self.do(worker, worker.life.exited(code, now_ns, at_ns, excused=excused))
        self._end_strays()
        self._listener.ended(worker)

    def _end_strays(self) -> None:
        self._stray_due_ns = self._timer.Monotonic() + STRAY_NS
        if self._spawner.pending:
            return  # a newborn whose pid is still on its way would look like one
        known = {child.pid for child in self.children()} | self._strangers
        for pid in end_strays(known):
            self._history.add("supervisor", "ended a stray process", pid=pid)


def _refused(check: Preflight) -> bool:
    return bool(check.refusal)

"""Heals ill workers: asks the pure judges, does what they say, and says why.

What is dead or hung the crew sees to; here is what still beats: stale, slow, sick, and what all
have in common.
"""

import os
from typing import Protocol

from lib.constants import NS_PER_SECOND, Channel, ExitReason, WorkerKind
from supervisor.crew.crew import Crew
from supervisor.crew.healing import Healing, judge
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.outage import TALKERS, Change, Outage
from supervisor.crew.worker import WORKING, Worker
from supervisor.judges.illness import Finding
from supervisor.judges.ladder import Rung, Step
from supervisor.judges.slowness import is_crowd
from supervisor.processes.meter import Meter
from supervisor.record.history import History

LOOK_NS = NS_PER_SECOND
"""Time between two looks at what processes use, and at what all have in common."""
SUPERVISOR = "supervisor"
REACH = "reach"
"""Command to the exchange worker: ask the exchange."""


class Renewer(Protocol):
    """Replaces workers without a gap in the data of the others."""

    @property
    def is_idle(self) -> bool:
        """Whether no change is under way."""

    def renew(self, worker: Worker) -> None:
        """Replace one worker, a temporary twin first."""


class Healer:
    """Watches over all running workers.

    Args:
        crew: The workers.
        lifecycle: Tells them what to do.
        history: Where each step is noted with its evidence.
        meter: Reads what processes use.
    """

    def __init__(self, crew: Crew, lifecycle: Lifecycle, history: History, meter: Meter) -> None:
        """Find everybody well."""
        self._crew = crew
        self._lifecycle = lifecycle
        self._history = history
        self._meter = meter
        self._overload = False
        self._ill_books: set[str] = set()
        """Components told ill by a learned limit."""
        self.outage: Outage = crew.outage
        self.renewer: Renewer | None = None
        self.due_ns = 0

    def beat(self, worker: Worker, now_ns: int) -> None:
        """Judge a worker after its heartbeat."""
        last = worker.watch.last
        if last is not None:
            worker.slowness.beat(last, now_ns)
            worker.sickness.beat(last.errors, now_ns)
        if self.outage.is_on:
            self._judge_outage(now_ns)
        healing = judge(worker, self._crew, now_ns, is_cut=self.outage.is_on)
        if worker.spec.kind is WorkerKind.STREAM:
            self._tell_books(worker)
        if healing is None:
            self._lifecycle.well(worker.name)
            self._crew.do(worker, worker.life.fresh(now_ns))
        else:
            self._heal(healing, now_ns)
        self._weigh(worker, now_ns)

    def tick(self, now_ns: int) -> None:
        """Look at what everybody uses, and at what all have in common."""
        if now_ns < self.due_ns:
            return
        self.due_ns = now_ns + LOOK_NS
        for worker in self._crew:
            if worker.child is not None and not worker.condemned:
                used = self._meter.of(worker.child.pid, now_ns)
                worker.sickness.use(used, now_ns)
                self._weigh(worker, now_ns)
        self._meter.keep({child.pid for child in self._crew.children()} | {os.getpid()})
        self._judge_outage(now_ns)
        self._judge_load()

    def ended(self, worker: Worker, now_ns: int) -> None:
        """Restart what is to restart with a worker that has ended unasked."""
        last = worker.life.last_exit
        if last is None or last.reason is ExitReason.REQUESTED:
            return
        names = {worker.name, worker.spec.kind.value}
        for one in self._crew:
            if one is not worker and one.life.running and names & {*one.spec.restart.restarts_with}:
                why = f"restarts with {worker.name}"
                self._crew.do(one, one.life.restart(ExitReason.REQUESTED, why, now_ns))

    # --- stale

    def _heal(self, healing: Healing, now_ns: int) -> None:
        worker, evidence = healing.worker, healing.evidence
        self._lifecycle.ill(worker.name, evidence)
        self._crew.do(worker, worker.life.stale(evidence))
        for step in healing.steps:
            self._climb(healing, step, now_ns)

    def _climb(self, healing: Healing, step: Step, now_ns: int) -> None:
        worker, rung, evidence = healing.worker, step.rung, healing.evidence_of(step)
        if rung is Rung.RESTART:
            done = worker.life.restart(ExitReason.STALE, evidence, now_ns)
            self._crew.do(worker, done)
            if done or not worker.ladder.refused(now_ns):
                return
            rung = Rung.ESCALATE
        self._history.add(worker.name, rung.value, evidence)
        if rung is not Rung.ESCALATE:
            self._lifecycle.command(worker.name, rung.value, [healing.symbols_of(step)])

    def _tell_books(self, worker: Worker) -> None:
        # Fixed limits bots and the exchange worker judge themselves; learned ones only we know.
        well = self._books_without_learned_limit() if self._ill_books else set()
        for symbol in worker.watch.learned_symbols(Channel.BOOK):
            component = f"{Channel.BOOK}:{symbol}"
            reasons = [one.stale_book(symbol) for one in self._streams() if one.life.running]
            if all(reasons):
                self._lifecycle.ill(component, reasons[0])
                self._ill_books.add(component)
            else:
                well.add(component)
        for component in well:
            self._lifecycle.well(component)
        self._ill_books -= well

    def _books_without_learned_limit(self) -> set[str]:
        """Return the ill books whose limit a changed configuration has fixed."""
        watches = [one.watch for one in self._streams()]
        learned = {symbol for watch in watches for symbol in watch.learned_symbols(Channel.BOOK)}
        return self._ill_books - {f"{Channel.BOOK}:{symbol}" for symbol in learned}

    def _streams(self) -> list[Worker]:
        return [one for one in self._crew if one.spec.kind is WorkerKind.STREAM]

    # --- slow and sick

    def _weigh(self, worker: Worker, now_ns: int) -> None:
        slow, sick = worker.slowness.finding(), worker.sickness.finding()
        self._note(worker, slow, sick)
        if sick is not None and sick.is_hard:
            self._crew.do(worker, worker.life.doomed(sick.evidence))
        elif sick is not None:
            self._replace(worker, ExitReason.SICK, sick.evidence, now_ns)
        elif slow is not None and worker.slowness.needs_restart(now_ns) and not self._overload:
            self._replace(worker, ExitReason.SLOW, slow.evidence, now_ns)

    def _note(self, worker: Worker, *findings: Finding | None) -> None:
        ills = {one.illness: one for one in findings if one is not None}
        for illness in [illness for illness in worker.ills if illness not in ills]:
            self._history.add(worker.name, f"no longer {illness}")
        for illness, finding in ills.items():
            if illness not in worker.ills:
                self._crew.do(worker, worker.life.found(finding))
        worker.ills = ills

    def _replace(self, worker: Worker, reason: ExitReason, why: str, now_ns: int) -> None:
        if worker.spec.kind is WorkerKind.STREAM:
            others = [one for one in self._streams() if one is not worker]
            if not others and self.renewer is not None:
                if self.renewer.is_idle and worker.life.may_heal(reason, now_ns):
                    self._history.add(worker.name, "renewing", why)
                    self.renewer.renew(worker)
                return
            if not all(one.ready for one in others):
                return  # one replica at a time
        actions = worker.life.restart(reason, why, now_ns)
        if actions:
            worker.hands_over = worker.spec.kind is WorkerKind.EXCHANGE
        self._crew.do(worker, actions)

    # --- common causes

    def _judge_outage(self, now_ns: int) -> None:
        change = self.outage.judge(self._crew, now_ns)
        if change is Change.ASK:
            for one in self._crew:
                if one.spec.kind is WorkerKind.EXCHANGE:
                    self._lifecycle.command(one.name, REACH)
        elif change is Change.BEGUN:
            why = "nobody hears the exchange: waiting for it, restarting nobody"
            self._history.add(SUPERVISOR, "outage", why)
        elif change is Change.OVER:
            self._history.add(SUPERVISOR, "outage over", "the exchange is heard again")
            for one in self._crew:
                one.ladder.fresh()
                if one.spec.kind in TALKERS:
                    self._lifecycle.command(one.name, Rung.RECONNECT.value)

    def _judge_load(self) -> None:
        running = [one for one in self._crew if one.life.state in WORKING]
        slow = sum(one.slowness.finding() is not None for one in running)
        overload = is_crowd(slow, len(running))
        if overload != self._overload:
            self._overload = overload
            what = "overload" if overload else "overload over"
            why = f"{slow} of {len(running)} workers are slow at once: it is the machine"
            self._history.add(SUPERVISOR, what, why if overload else "")

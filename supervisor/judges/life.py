"""The life of one worker as pure logic: events and `now` in, actions out, a deadline in between.

No process, socket or clock here: `now_ns` is monotonic and given by the caller, who does what the
returned actions say. Invariants (a property test holds them): at most one life at a time; a
condemned life is always ended before the next begins; after a failure the next life waits its
backoff; the worker is always running, waiting with a due time, or finished.
"""

import signal
from collections import Counter
from dataclasses import dataclass
from random import Random

from lib.constants import NS_PER_SECOND, ExitCode, ExitReason, WorkerState
from supervisor.judges.actions import Action, Condemn, GiveUp, Kill, Note, Spawn
from supervisor.judges.budget import Budget, Repeats
from supervisor.judges.illness import Finding, Illness
from supervisor.judges.policy import (
    CURED_SECONDS,
    FAILED_RETRY,
    HUNG_GRACE,
    OUTSIDE_KILL_WEIGHT,
    RestartPolicy,
)

HEALED = (ExitReason.STALE, ExitReason.SLOW, ExitReason.SICK)
"""Restarts for these are spaced out, and are no failures."""
PLANNED = (ExitReason.REQUESTED, *HEALED)
"""After these the next life begins at once."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a life ended; `code` is the exit code, or minus the signal's number."""

    reason: ExitReason
    code: int
    at_ns: int


class Life:
    """Decides when a worker is started, ended and given up.

    Args:
        policy: Its restart policy.
        random: Source of jitter.
    """

    def __init__(self, policy: RestartPolicy, random: Random) -> None:
        """Be `exited`, never started."""
        self.policy = policy
        self.state = WorkerState.EXITED
        self.restarts = 0
        self.last_exit: Exit | None = None
        self.running = False
        self.illnesses: Counter[str] = Counter()
        """How often it had which illness."""
        self._budget = Budget(policy, random)
        self._repeats = Repeats()
        self._wanted = False
        self._ending: ExitReason | None = None
        self._ready_since_ns: int | None = None
        self._was_ready = False
        self._is_doomed = False
        self._fresh_since_ns: int | None = None
        self._due_ns: int | None = None
        self._kill_due_ns: int | None = None
        self._lives = 0

    def adopt(self, policy: RestartPolicy) -> None:
        """Go by another policy from now on."""
        self.policy = policy
        self._budget.adopt(policy)

    # --- what the caller tells ---

    def start(self, now_ns: int) -> list[Action]:
        """Want the worker to run."""
        self._wanted = True
        if self.running or self.state is WorkerState.BACKOFF:
            return []
        return self._spawn(now_ns)

    def beat(self, state: WorkerState, now_ns: int) -> list[Action]:
        """Take a heartbeat that says `state`."""
        if not self.running or self._ending is not None:
            return []
        if state is WorkerState.READY:
            if self._ready_since_ns is None:
                self._ready_since_ns = now_ns
            self._was_ready = True
            if self.state is WorkerState.STARTING:
                self.state = WorkerState.READY
                return [Note("ready")]
            return []
        if state is WorkerState.STARTING and self.state is WorkerState.READY:
            self.state = WorkerState.STARTING
            self._ready_since_ns = None
        return []

    def stale(self, reason: str) -> list[Action]:
        """Mark the worker alive but without fresh data."""
        if not self.running or self._ending is not None or self.state is WorkerState.STALE:
            return []
        self.state = WorkerState.STALE
        self._fresh_since_ns = None
        self.illnesses[Illness.STALE] += 1
        return [Note("stale", reason)]

    def fresh(self, now_ns: int) -> list[Action]:
        """Mark its data fresh; after a while of that, its next staleness is a new one."""
        if self._fresh_since_ns is None:
            self._fresh_since_ns = now_ns
        elif now_ns - self._fresh_since_ns >= CURED_SECONDS * NS_PER_SECOND:
            self._repeats.forget(ExitReason.STALE)
        if self.state is not WorkerState.STALE:
            return []
        self.state = WorkerState.READY if self._was_ready else WorkerState.STARTING
        return [Note("fresh")]

    def found(self, finding: Finding) -> list[Action]:
        """Count an illness that leaves the worker its state: slow or sick."""
        self.illnesses[finding.illness] += 1
        return [Note(finding.illness.value, finding.evidence)]

    def hung(self, reason: str, now_ns: int) -> list[Action]:
        """End a life whose loop no longer turns."""
        if not self.running or self._ending is not None:
            return []
        self.state = WorkerState.HUNG
        self.illnesses[Illness.HUNG] += 1
        return [Note("hung", reason), *self._end(ExitReason.HUNG, HUNG_GRACE, now_ns)]

    @property
    def is_wanted(self) -> bool:
        """Whether another life follows the present one."""
        return self._wanted

    @property
    def is_ending(self) -> bool:
        """Whether its end was decided already."""
        return self._ending is not None

    def may_heal(self, reason: ExitReason, now_ns: int) -> bool:
        """Return whether a restart for an illness is due, and book it if so."""
        return self.running and self._ending is None and self._repeats.allows(reason, now_ns)

    def doomed(self, reason: str) -> list[Action]:
        """End at once a life that passed a hard limit; it counts as a failure."""
        if not self.running or self._is_doomed:
            return []
        self.state = WorkerState.STOPPING
        self._ending = self._ending or ExitReason.SICK
        self._is_doomed = True
        self._kill_due_ns = None
        return [Note("killed", reason), Condemn(), Kill(signal.SIGKILL)]

    def asked(self, why: str, now_ns: int) -> list[Action]:
        """Restart because a bot asked for it: that counts as a failure, and the limit holds."""
        if not self.running or self._ending is not None:
            return []
        if not self._budget.spend(1.0, now_ns):
            return [Note("refused a restart", why)]
        return self.restart(ExitReason.REQUESTED, why, now_ns)

    def restart(self, reason: ExitReason, why: str, now_ns: int) -> list[Action]:
        """End the present life so that a new one begins.

        A restart that is to heal is refused while the last one for the same is too recent.
        """
        self._wanted = True
        if not self.running:
            return self._spawn(now_ns)
        if self._ending is not None:
            return []
        if reason in HEALED and not self._repeats.allows(reason, now_ns):
            return []
        self.state = WorkerState.STOPPING
        return [Note("restarting", why), *self._end(reason, self.policy.grace, now_ns)]

    def stop(self, now_ns: int) -> list[Action]:
        """End the worker for good."""
        self._wanted = False
        if not self.running:
            self._due_ns = None
            self.state = WorkerState.EXITED
            return []
        self.state = WorkerState.STOPPING
        if self._ending is not None:
            self._ending = ExitReason.REQUESTED
            return []
        return self._end(ExitReason.REQUESTED, self.policy.grace, now_ns)

    def force(self) -> list[Action]:
        """End the worker at once, without grace."""
        self._wanted = False
        self._due_ns = None
        if not self.running:
            self.state = WorkerState.EXITED
            return []
        self._ending = self._ending or ExitReason.REQUESTED
        self._kill_due_ns = None
        return [Condemn(), Kill(signal.SIGKILL)]

    def exited(self, code: int, now_ns: int, at_ns: int, *, excused: bool = False) -> list[Action]:
        """Take the end of the present life.

        Args:
            code: Exit code, or minus the number of the signal that ended it.
            now_ns: Monotonic time.
            at_ns: Time of day, ns since the epoch, for the record.
            excused: The cause lies outside: it waits its backoff, but no budget is spent.
        """
        reason = self._ending or (ExitReason.SIGNAL if code < 0 else ExitReason.EXIT)
        was_ready, ready_since_ns = self._was_ready, self._ready_since_ns
        is_planned = reason in PLANNED and not self._is_doomed
        self.last_exit = Exit(reason, code, at_ns)
        self.running = False
        self._ending = self._kill_due_ns = self._ready_since_ns = None
        self._was_ready = self._is_doomed = False
        note = Note("exited", reason.value, {"code": code})
        if not self._wanted:
            self.state = WorkerState.EXITED
            self._due_ns = None
            return [Condemn(), note]
        self.illnesses[Illness.DEAD] += reason in (ExitReason.EXIT, ExitReason.SIGNAL)
        if code == ExitCode.USAGE and reason is ExitReason.EXIT:
            return [Condemn(), note, *self._fail("it refused to start", now_ns)]
        stable_ns = self.policy.stable * NS_PER_SECOND
        if ready_since_ns is not None and now_ns - ready_since_ns >= stable_ns:
            self._budget.settle()
        if is_planned:
            return [Condemn(), note, *self._spawn(now_ns)]
        outside = code == -signal.SIGKILL and reason is ExitReason.SIGNAL and was_ready
        weight = 0.0 if excused else OUTSIDE_KILL_WEIGHT if outside else 1.0
        return [Condemn(), note, *self._after_failure(weight, now_ns, patient=not outside)]

    def tick(self, now_ns: int) -> list[Action]:
        """Do what is due."""
        actions: list[Action] = []
        if self._kill_due_ns is not None and now_ns >= self._kill_due_ns:
            self._kill_due_ns = None
            actions += [Note("killed", "grace time over"), Condemn(), Kill(signal.SIGKILL)]
        if self._due_ns is not None and now_ns >= self._due_ns and not self.running:
            actions += self._spawn(now_ns)
        return actions

    def deadline(self) -> int | None:
        """Return when `tick` is due next, monotonic ns; None when it is not."""
        times = [due for due in (self._due_ns, self._kill_due_ns) if due is not None]
        return min(times, default=None)

    # --- within ---

    def _spawn(self, now_ns: int) -> list[Action]:
        self._due_ns = None
        self.running = True
        self.state = WorkerState.STARTING
        self._was_ready = False
        self._ready_since_ns = self._fresh_since_ns = None
        if self._lives:
            self.restarts += 1
        self._lives += 1
        return [Spawn()]

    def _end(self, reason: ExitReason, grace: float, now_ns: int) -> list[Action]:
        self._ending = reason
        self._kill_due_ns = now_ns + round(grace * NS_PER_SECOND)
        condemned: list[Action] = [Condemn()] if reason is ExitReason.HUNG else []
        return [*condemned, Kill(signal.SIGTERM)]

    def _after_failure(self, weight: float, now_ns: int, *, patient: bool) -> list[Action]:
        if not self._budget.spend(weight, now_ns):
            policy = self.policy
            return self._fail(f"more than {policy.limit} failures in {policy.window:g} s", now_ns)
        delay = self._budget.wait()
        if patient:
            self._budget.lengthen()
        if delay <= 0:
            return self._spawn(now_ns)
        self.state = WorkerState.BACKOFF
        self._due_ns = now_ns + round(delay * NS_PER_SECOND)
        return [Note("backoff", "", {"seconds": round(delay, 3)})]

    def _fail(self, why: str, now_ns: int) -> list[Action]:
        self.state = WorkerState.FAILED
        self._budget.clear()
        self._due_ns = None
        if self.policy.on_failed == "isolate":
            self._due_ns = now_ns + round(FAILED_RETRY * NS_PER_SECOND)
        return [Note("failed", why), GiveUp(self.policy.on_failed)]

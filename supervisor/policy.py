"""The life of one worker as pure logic: events and `now` in, actions out, a deadline in between.

No process, socket or clock here: `now_ns` is monotonic and given by the caller, who does what the
returned actions say. Invariants (a property test holds them): at most one life at a time; a
condemned life is always ended before the next begins; after a failure the next life waits its
backoff; the worker is always running, waiting with a due time, or finished.
"""

import signal
from collections import deque
from dataclasses import dataclass, field
from random import Random

from lib.constants import NS_PER_SECOND, ExitCode, ExitReason, WorkerState

BACKOFF_BASE = 0.2
"""Seconds before the second restart in a row; doubles from there, up to the cap."""
HUNG_GRACE = 0.25
"""Seconds from SIGTERM to SIGKILL for a loop that no longer turns: it cannot clean up anyway."""
OUTSIDE_KILL_WEIGHT = 1 / 3
"""A SIGKILL from outside, after the worker was ready, says little about the worker."""
FAILED_RETRY = 300.0
"""Seconds after which an isolated worker is tried again."""
STALE_RESTART_GAP = 300.0
"""Seconds between the first two restarts for one staleness, doubling: when a restart does not bring
data back, the cause is outside (the exchange, the network), and restarting only adds load. The
worker goes on probing by itself."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How a worker is brought back.

    Args:
        backoff_min: Seconds before the first restart after a failure.
        backoff_max: Cap of the wait, seconds.
        limit: Failures within `window` after which the worker is `failed`.
        window: Seconds.
        on_failed: `isolate` (leave it out, try again after 5 min), `stop` (stop the system) or
            `halt` (stop new risk, leave the rest running).
        grace: Seconds between SIGTERM and SIGKILL.
        stable: Seconds of readiness after which earlier failures are forgiven.
        start_timeout: Seconds that a life may take until its first heartbeat.
    """

    backoff_min: float = 0.0
    backoff_max: float = 30.0
    limit: int = 10
    window: float = 60.0
    on_failed: str = "isolate"
    grace: float = 5.0
    stable: float = 10.0
    start_timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a new life."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Send a signal to the present life."""

    number: signal.Signals


@dataclass(frozen=True, slots=True)
class Condemn:
    """Take the present life off the roster: it may no longer act."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The limit is exceeded: do what `on_failed` says."""

    on_failed: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a line in the log and the history."""

    event: str
    reason: str = ""
    facts: dict[str, object] = field(default_factory=dict)


Action = Spawn | Kill | Condemn | GiveUp | Note


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
        self._random = random
        self._wanted = False
        self._ending: ExitReason | None = None
        self._failures: deque[tuple[int, float]] = deque()
        self._streak = 0
        self._ready_since_ns: int | None = None
        self._was_ready = False
        self._stale_restarts = 0
        self._stale_restart_ns = 0
        self._due_ns: int | None = None
        self._kill_due_ns: int | None = None
        self._lives = 0

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
        return [Note("stale", reason)]

    def fresh(self) -> list[Action]:
        """Mark its data fresh again."""
        self._stale_restarts = 0
        if self.state is not WorkerState.STALE:
            return []
        self.state = WorkerState.READY if self._was_ready else WorkerState.STARTING
        return [Note("fresh")]

    def hung(self, reason: str, now_ns: int) -> list[Action]:
        """End a life whose loop no longer turns."""
        if not self.running or self._ending is not None:
            return []
        self.state = WorkerState.HUNG
        return [Note("hung", reason), *self._end(ExitReason.HUNG, HUNG_GRACE, now_ns)]

    def asked(self, why: str, now_ns: int) -> list[Action]:
        """Restart because a bot asked for it: that counts as a failure, and the limit holds."""
        if not self.running or self._ending is not None:
            return []
        if self._over_limit(1.0, now_ns):
            return [Note("refused a restart", why)]
        return self.restart(ExitReason.REQUESTED, why, now_ns)

    def restart(self, reason: ExitReason, why: str, now_ns: int) -> list[Action]:
        """End the present life so that a new one begins.

        A restart for staleness is refused while the last one is too recent.
        """
        self._wanted = True
        if not self.running:
            return self._spawn(now_ns)
        if self._ending is not None:
            return []
        if reason is ExitReason.STALE:
            gap = STALE_RESTART_GAP * 2 ** min(self._stale_restarts - 1, 5)
            too_soon = now_ns < self._stale_restart_ns + gap * NS_PER_SECOND
            if self._stale_restarts and too_soon:
                return []
            self._stale_restarts += 1
            self._stale_restart_ns = now_ns
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
            return []
        self._ending = self._ending or ExitReason.REQUESTED
        self._kill_due_ns = None
        return [Condemn(), Kill(signal.SIGKILL)]

    def exited(self, code: int, now_ns: int, at_ns: int) -> list[Action]:
        """Take the end of the present life.

        Args:
            code: Exit code, or minus the number of the signal that ended it.
            now_ns: Monotonic time.
            at_ns: Time of day, ns since the epoch, for the record.
        """
        reason = self._ending or (ExitReason.SIGNAL if code < 0 else ExitReason.EXIT)
        was_ready, ready_since_ns = self._was_ready, self._ready_since_ns
        self.last_exit = Exit(reason, code, at_ns)
        self.running = False
        self._ending = self._kill_due_ns = self._ready_since_ns = None
        self._was_ready = False
        note = Note("exited", reason.value, {"code": code})
        if not self._wanted:
            self.state = WorkerState.EXITED
            self._due_ns = None
            return [Condemn(), note]
        if code == ExitCode.USAGE and reason is ExitReason.EXIT:
            return [Condemn(), note, *self._fail(now_ns)]
        stable_ns = self.policy.stable * NS_PER_SECOND
        if ready_since_ns is not None and now_ns - ready_since_ns >= stable_ns:
            self._streak = 0
        if reason in (ExitReason.REQUESTED, ExitReason.STALE):
            return [Condemn(), note, *self._spawn(now_ns)]
        outside = code == -signal.SIGKILL and reason is ExitReason.SIGNAL and was_ready
        return [Condemn(), note, *self._after_failure(outside, now_ns)]

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
        self._ready_since_ns = None
        if self._lives:
            self.restarts += 1
        self._lives += 1
        return [Spawn()]

    def _end(self, reason: ExitReason, grace: float, now_ns: int) -> list[Action]:
        self._ending = reason
        self._kill_due_ns = now_ns + round(grace * NS_PER_SECOND)
        condemned: list[Action] = [Condemn()] if reason is ExitReason.HUNG else []
        return [*condemned, Kill(signal.SIGTERM)]

    def _after_failure(self, outside: bool, now_ns: int) -> list[Action]:
        if self._over_limit(OUTSIDE_KILL_WEIGHT if outside else 1.0, now_ns):
            return self._fail(now_ns)
        delay = self._delay()
        if not outside:
            self._streak += 1
        if delay <= 0:
            return self._spawn(now_ns)
        self.state = WorkerState.BACKOFF
        self._due_ns = now_ns + round(delay * NS_PER_SECOND)
        return [Note("backoff", "", {"seconds": round(delay, 3)})]

    def _over_limit(self, weight: float, now_ns: int) -> bool:
        window_ns = round(self.policy.window * NS_PER_SECOND)
        self._failures.append((now_ns, weight))
        while self._failures[0][0] < now_ns - window_ns:
            self._failures.popleft()
        return sum(weight for _, weight in self._failures) > self.policy.limit

    def _delay(self) -> float:
        if self._streak == 0:
            return self.policy.backoff_min
        doublings = min(self._streak - 1, 30)
        longest: float = max(self.policy.backoff_min, BACKOFF_BASE) * 2**doublings
        return min(self.policy.backoff_max, longest) * self._random.uniform(0.5, 1.0)

    def _fail(self, now_ns: int) -> list[Action]:
        self.state = WorkerState.FAILED
        self._failures.clear()
        self._due_ns = None
        if self.policy.on_failed == "isolate":
            self._due_ns = now_ns + round(FAILED_RETRY * NS_PER_SECOND)
        return [
            Note("failed", f"more than {self.policy.limit} failures in {self.policy.window:g} s"),
            GiveUp(self.policy.on_failed),
        ]

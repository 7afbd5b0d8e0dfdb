"""The way down: group after group, bounded, forced when asked again."""

from typing import Any

from lib.constants import NS_PER_SECOND, ExitCode, WorkerKind, WorkerState
from lib.timer import AbstractTimer
from supervisor import order
from supervisor.crew.crew import Crew
from supervisor.record.history import History

LAST_SECONDS = 2.0
"""From the forced end of the bots to that of everything."""
UNPROVEN = (
    "not proven gone: the exchange worker ended before it could say what rests; look at the "
    "exchange (a dead-man switch that is armed cancels what can add risk)"
)


class Ending:
    """Stops a crew in order, and keeps what is said at the end.

    Args:
        crew: Who is stopped.
        history: Where it is noted.
        timer: The process's timer.
    """

    def __init__(self, crew: Crew, history: History, timer: AbstractTimer) -> None:
        """Stop nobody yet."""
        self._crew = crew
        self._history = history
        self._timer = timer
        self._sequence: order.Sequence | None = None
        self._forced = False
        self._killed = False
        self._force_due_ns: int | None = None
        self._heirs_due_ns: dict[str, int] = {}
        """Those whose next life is to open first, and until when it may, monotonic ns."""
        self.exit_code = 0
        self.error = ""
        self.kept: list[Any] = []
        """Orders that the exchange worker left open on purpose."""

    @property
    def has_begun(self) -> bool:
        """Whether everything is on its way down."""
        return self._sequence is not None

    @property
    def finished(self) -> bool:
        """Whether everything has stopped."""
        is_through = self._sequence is not None and self._sequence.finished
        return is_through and not self._crew.preflights.is_running

    def deadline(self) -> int | None:
        """Return when `tick` is due next, monotonic ns."""
        force_due_ns = None if self._killed else self._force_due_ns
        times = (force_due_ns, *self._heirs_due_ns.values())
        return min((due_ns for due_ns in times if due_ns is not None), default=None)

    def begin(self, why: str) -> None:
        """Take the first steps down."""
        self._history.add("supervisor", "stopping", why)
        self._crew.preflights.drop()
        self._sequence = order.stop_order({one.name: one.spec.kind for one in self._crew})

    def bound(self, seconds: float) -> None:
        """Kill what still runs after a time."""
        self._force_due_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)

    def tick(self, now_ns: int) -> None:
        """Stop those that were waited for in vain; kill what still runs when the time is over."""
        for name in [name for name, due_ns in self._heirs_due_ns.items() if now_ns >= due_ns]:
            self._stop(name)
        if self._force_due_ns is not None and now_ns >= self._force_due_ns:
            self.force("time-out")

    def arrived(self, name: str) -> None:
        """Stop a worker whose next life is ready now: it cancels what the former one left."""
        if name in self._heirs_due_ns:
            self._stop(name)

    def ended(self, name: str) -> None:
        """Go on when a worker has ended."""
        if self._sequence is None:
            return
        if name not in self._heirs_due_ns:
            self._done(name)
        elif not self._crew.workers[name].life.running:
            self._stop(name)
        self.go_on()

    def go_on(self) -> None:
        """Stop those whose turn it is; one that leaves its orders to its next life, in that one."""
        while self._sequence is not None and (names := self._sequence.advance()):
            for name in names:
                worker = self._crew.workers[name]
                if worker.leaves_to_heir:
                    grace_ns = round(worker.spec.restart.grace * NS_PER_SECOND)
                    self._heirs_due_ns[name] = self._timer.Monotonic() + grace_ns
                else:
                    self._stop(name)

    def _stop(self, name: str) -> None:
        self._heirs_due_ns.pop(name, None)
        worker = self._crew.workers[name]
        self._crew.do(worker, worker.life.stop(self._timer.Monotonic()))
        if not worker.life.running:
            self._done(name)

    def _done(self, name: str) -> None:
        worker = self._crew.workers[name]
        if worker.unproven and worker.life.state is WorkerState.EXITED:
            # killed, cut off, or down already: nobody has looked at what rests
            self.blame(ExitCode.ERROR, UNPROVEN)
        assert self._sequence is not None  # noqa: S101 - asked by the callers
        self._sequence.done(name)

    def force(self, why: str) -> None:
        """Kill the bots, so that the others end; asked again, or after a while, kill all.

        The exchange worker gets this moment to cancel what the bots can no longer.
        """
        if self._killed:
            return
        self._killed, self._forced = self._forced, True
        self._history.add("supervisor", "killed" if self._killed else "forced to stop", why)
        self.bound(LAST_SECONDS)
        for worker in tuple(self._crew):
            if self._killed or worker.spec.kind is WorkerKind.BOT:
                self._crew.do(worker, worker.life.force())

    def blame(self, code: int, reason: str) -> None:
        """Keep the first reason why the run ends, or ends badly."""
        if not self.error:
            self.error, self.exit_code = reason, int(code)

    def answer(self) -> dict[str, Any]:
        """Return what those are told who asked to stop."""
        return {"ok": True, "kept": self.kept, "error": self.error, "exit": self.exit_code}

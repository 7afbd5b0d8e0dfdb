"""Walks through the steps of changes to a running system, one after another."""

from collections import deque
from collections.abc import Callable, Iterable

from lib.constants import NS_PER_SECOND
from supervisor.renewing.steps import Hands, Step

Done = Callable[[list[str], int], None]
"""Told at the end: what went wrong, and the exit code (0 = nothing did)."""


class Walk:
    """All steps to take; a change that comes during another one waits for its end.

    Args:
        hands: What steps work with.
        note: Told what goes wrong.
    """

    def __init__(self, hands: Hands, note: Callable[[str], None]) -> None:
        """Stand still."""
        self._hands = hands
        self._note = note
        self._waiting: deque[tuple[deque[Step], Done]] = deque()
        self._step: Step | None = None
        self._end_ns = 0
        self._trouble: list[str] = []
        self._code = 0

    @property
    def is_under_way(self) -> bool:
        """Whether there is anything left to do."""
        return bool(self._waiting)

    def begin(self, steps: Iterable[Step], done: Done) -> None:
        """Take these steps after those that wait.

        Args:
            steps: In their order.
            done: Told at the end.
        """
        self._waiting.append((deque(steps), done))

    def deadline(self) -> int | None:
        """Return when the present step's time is over, monotonic ns."""
        if not self._waiting:
            return None
        return self._end_ns if self._step is not None else 0

    def tick(self, now_ns: int) -> None:
        """Go on as far as it goes."""
        while self._waiting:
            steps, done = self._waiting[0]
            if self._step is None and not self._begin_next(steps, now_ns):
                self._finish(done)
                continue
            if not self._is_over(steps, now_ns):
                return
            self._step = None

    def drop(self) -> None:
        """Take no further step; whoever waits is told."""
        waiting, self._waiting = self._waiting, deque()
        self._step = None
        for _, done in waiting:
            done(["it is stopping"], 1)

    def _begin_next(self, steps: deque[Step], now_ns: int) -> bool:
        if not steps:
            return False
        self._step = step = steps.popleft()
        self._end_ns = now_ns + round(step.seconds * NS_PER_SECOND)
        step.begin(self._hands, now_ns)
        return True

    def _is_over(self, steps: deque[Step], now_ns: int) -> bool:
        step = self._step
        if step is None:
            return True
        found = step.look(self._hands, now_ns)
        if found is None:
            if now_ns < self._end_ns:
                return False
            found = step.late
        if found:
            self._note(found)
            self._trouble.append(found)
            self._code = self._code or step.exit_code
            if step.is_vital:
                steps.clear()
                steps.extend(step.undo())
        return True

    def _finish(self, done: Done) -> None:
        self._waiting.popleft()
        trouble, code = self._trouble, self._code
        self._trouble, self._code = [], 0
        done(trouble, code)

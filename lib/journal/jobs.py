"""What the event loop asks of the journal's thread."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lib.journal.store import Store
from lib.oms.rows import Row

Then = Callable[[str], None]


class Quick:
    """The outcome of a commit: for who waits for it now, or has it told by the loop.

    A bare lock, since every order waits for it: an Event takes twice as long to wake its waiter.
    """

    __slots__ = ("_lock", "error", "then")

    def __init__(self) -> None:
        """Have no outcome."""
        self._lock = threading.Lock()
        self._lock.acquire()
        self.error = ""
        self.then: Then | None = None

    def wait(self, seconds: float) -> bool:
        """Return whether the outcome is there, at the latest after some seconds."""
        return self._lock.acquire(timeout=seconds)

    def release(self, error: str) -> Then | None:
        """Let the waiter go; return who else is to be told, because it no longer waits."""
        self.error = error
        self._lock.release()
        return self.then


class Job(NamedTuple):
    """Rows to write or a question to answer, and who waits for it."""

    rows: Sequence[Row]
    then: Then | None
    ask: Callable[[Store], Any] | None = None
    quick: Quick | None = None


def without(row: Row, jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """Return the jobs that hold a row, and all jobs as they are left without it.

    What is left of the former has nobody who waits for it.
    """
    whose, left = [], []
    for job in jobs:
        rest = [other for other in job.rows if other is not row]
        if len(rest) == len(job.rows):
            left.append(job)
        else:
            whose.append(job)
            left.append(Job(rest, None))
    return whose, left

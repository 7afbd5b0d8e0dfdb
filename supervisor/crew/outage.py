"""A common cause told from single illnesses: nobody hears the exchange (pure).

Maintenance, a network cut, a resolver that is down: every stream falls silent and REST fails, too.
No restart helps then. Nobody is restarted for stale data and no failure is charged to a budget;
the exchange worker is told to ask the exchange each second, and when it answers, or any stream
speaks, everybody connects at once.
"""

from collections.abc import Iterable
from enum import StrEnum

from lib.constants import NS_PER_SECOND, WorkerKind
from supervisor.crew.worker import Worker

SILENT_SECONDS = 1.5
"""Nobody has heard anything for so long: ask."""
ASK_NS = NS_PER_SECOND
"""Time between two questions."""
TALKERS = (WorkerKind.STREAM, WorkerKind.EXCHANGE)
"""Kinds of workers that talk to the exchange."""


class Change(StrEnum):
    """What `judge` may find."""

    ASK = "ask"
    """The exchange worker shall ask the exchange."""
    BEGUN = "begun"
    OVER = "over"


class Outage:
    """Judges all workers that talk to the exchange together."""

    def __init__(self) -> None:
        """Start with the exchange there."""
        self.since_ns: int | None = None
        """When it began; None while there is none."""
        self._asked_ns: int | None = None
        self._first_asked_ns: int | None = None

    @property
    def is_on(self) -> bool:
        """Whether nobody can reach the exchange now."""
        return self.since_ns is not None

    def judge(self, workers: Iterable[Worker], now_ns: int) -> Change | None:
        """Judge anew; return what has changed, or is to be done.

        Args:
            workers: All of the run.
            now_ns: Monotonic time.
        """
        ears = [one for one in workers if one.spec.kind in TALKERS and one.life.running]
        heard = [age for one in ears if (age := one.watch.heard(now_ns)) is not None]
        if not heard or min(heard) < SILENT_SECONDS:
            self._asked_ns = self._first_asked_ns = None
            if self.since_ns is None or not heard:
                return None
            self.since_ns = None
            return Change.OVER
        kinds = {one.spec.kind for one in ears if one.watch.heard(now_ns) is not None}
        if self.since_ns is None and self._is_proven(kinds, now_ns):
            self.since_ns = now_ns - round(min(heard) * NS_PER_SECOND)
            return Change.BEGUN
        if self._asked_ns is None or now_ns - self._asked_ns >= ASK_NS:
            self._asked_ns = now_ns
            self._first_asked_ns = self._first_asked_ns or now_ns
            return Change.ASK
        return None

    def _is_proven(self, kinds: set[WorkerKind], now_ns: int) -> bool:
        # Two kinds of workers on two kinds of connections, and a question without an answer.
        asked_ns = self._first_asked_ns
        return len(kinds) == len(TALKERS) and asked_ns is not None and now_ns - asked_ns >= ASK_NS

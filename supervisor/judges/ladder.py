"""The rungs of healing a worker without fresh data, gentlest first (pure)."""

from enum import StrEnum

from lib.constants import NS_PER_SECOND
from supervisor.judges.budget import Repeats

CLIMB_GAP = 60.0
"""Seconds between the first two climbs for the same symbols, doubling: a symbol that is just quiet
must not make its neighbours' connections change all day."""


class Rung(StrEnum):
    """Steps of healing, gentlest first."""

    RESUBSCRIBE = "resubscribe"
    RECONNECT = "reconnect"
    RESTART = "restart"
    ESCALATE = "escalate"
    """Nothing helped: somebody must look. Said once; the data goes on being probed."""


PUBLISHER_RUNGS = ((0.0, Rung.RESUBSCRIBE), (0.7, Rung.RECONNECT), (2.0, Rung.RESTART))
SUBSCRIBER_RUNGS = ((0.0, Rung.RESUBSCRIBE), (1.0, Rung.RESTART))
PATIENCE = 10.0
"""Seconds of staleness after which what was done so far has not helped."""


class Ladder:
    """Which rung of healing a stale worker gets next.

    Args:
        rungs: (seconds of staleness beyond the limit, rung), in order; the last is the restart.
    """

    def __init__(self, rungs: tuple[tuple[float, Rung], ...]) -> None:
        """Stand on the ground."""
        self._rungs = rungs
        self._climbs = Repeats(CLIMB_GAP)
        self._since_ns: int | None = None
        self._known: frozenset[str] = frozenset()
        self._next = 0
        self._may_climb = True
        self._has_escalated = False

    def stale(self, now_ns: int, stale: frozenset[str], *, is_whole: bool) -> Rung | None:
        """Note what is stale; return the rung that is due now, if one is.

        Args:
            now_ns: Monotonic time.
            stale: Names of the stale channels and symbols.
            is_whole: Nothing of a channel is fresh. Otherwise only some symbols are: that may be
                a quiet market, and no reason to restart what works.
        """
        joined, self._known = stale - self._known, stale
        if self._since_ns is None or (joined and not is_whole):
            self._since_ns, self._next, self._has_escalated = now_ns, 0, False
            allowed = [self._climbs.allows(name, now_ns) for name in sorted(joined)]
            self._may_climb = any(allowed)
        if is_whole:
            self.excuse(stale)
        if not (is_whole or self._may_climb):
            return None
        seconds = (now_ns - self._since_ns) / NS_PER_SECOND
        after, rung = self._rungs[min(self._next, len(self._rungs) - 1)]
        if seconds >= after and (rung is not Rung.RESTART or is_whole):
            self._next += 1
            return rung
        return self._escalated(seconds) if rung is Rung.RESTART else None

    def excuse(self, stale: frozenset[str]) -> None:
        """Note that all are silent: it may have begun with some, but was not their own silence."""
        for name in stale:
            self._climbs.forget(name)

    def refused(self, now_ns: int) -> Rung | None:
        """Note that a restart was refused: the last one did not help."""
        since_ns = self._since_ns if self._since_ns is not None else now_ns
        return self._escalated((now_ns - since_ns) / NS_PER_SECOND)

    def fresh(self) -> None:
        """Note that the data is fresh: back to the ground."""
        self._since_ns = None
        self._known = frozenset()
        self._next = 0
        self._has_escalated = False

    def _escalated(self, seconds: float) -> Rung | None:
        if seconds < PATIENCE or self._has_escalated:
            return None
        self._has_escalated = True
        return Rung.ESCALATE

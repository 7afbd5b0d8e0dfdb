"""The rungs of healing a worker without fresh data, gentlest first (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from lib.constants import NS_PER_SECOND
from supervisor.judges.budget import Repeats


class Rung(StrEnum):
    """Steps of healing, gentlest first."""

    RESUBSCRIBE = "resubscribe"
    RECONNECT = "reconnect"
    RESTART = "restart"
    ESCALATE = "escalate"
    """Nothing helped: somebody must look. Said once; the data goes on being probed."""


GAPS = {Rung.RESUBSCRIBE: 5.0, Rung.RECONNECT: 60.0}
"""Seconds between the first two of a rung for the same symbol, doubling. A symbol that is just
quiet must not make its neighbours' connections change all day; resubscribing touches it alone."""
PUBLISHER_RUNGS = ((0.0, Rung.RESUBSCRIBE), (0.7, Rung.RECONNECT), (2.0, Rung.RESTART))
SUBSCRIBER_RUNGS = ((0.0, Rung.RESUBSCRIBE), (1.0, Rung.RESTART))
RECONNECT_NS = NS_PER_SECOND
"""Between two reconnects: those who fall silent together share most of their connections."""
PATIENCE = 10.0
"""Seconds of staleness after which what was done so far has not helped."""


class Step(NamedTuple):
    """A rung that is due, and for which stale names."""

    rung: Rung
    names: frozenset[str]


@dataclass(slots=True)
class Climb:
    """How far one stale name has come."""

    since_ns: int
    next: int = 0


class Ladder:
    """Which rung of healing a stale worker gets next.

    Each stale channel and symbol climbs for itself, so that one that falls silent later neither
    holds the others back nor is left out. Silence of a whole channel is one climb.

    Args:
        rungs: (seconds of staleness beyond the limit, rung), in order; the last is the restart.
    """

    def __init__(self, rungs: tuple[tuple[float, Rung], ...]) -> None:
        """Stand on the ground."""
        self._rungs = rungs
        self._gentle = rungs[:-1]
        self._spaced = {rung: Repeats(gap) for rung, gap in GAPS.items()}
        self._climbs: dict[str, Climb] = {}
        self._has_escalated = False
        self._reconnect_ns = 0
        """When the next reconnect may come."""

    def stale(self, now_ns: int, stale: frozenset[str], *, is_whole: bool) -> list[Step]:
        """Note what is stale; return what is due now.

        Args:
            now_ns: Monotonic time.
            stale: Names of the stale channels and symbols.
            is_whole: Nothing of a channel is fresh. Otherwise only some symbols are: that may be
                a quiet market, and no reason to restart what works.
        """
        known = self._climbs
        self._climbs = {name: known.get(name) or Climb(now_ns) for name in sorted(stale)}
        if is_whole:
            self.excuse(stale)
            first = min(self._climbs.values(), key=lambda climb: climb.since_ns)
            return self._due(first, now_ns, stale)
        return self._of_some(now_ns)

    def excuse(self, stale: Iterable[str]) -> None:
        """Note that all are silent: it may have begun with some, but was not their own silence."""
        for name in stale:
            for repeats in self._spaced.values():
                repeats.forget(name)

    def refused(self, now_ns: int) -> bool:
        """Note a refused restart: the last one did not help; return whether to escalate."""
        return self._escalates(now_ns)

    def fresh(self) -> None:
        """Note that the data is fresh: back to the ground."""
        self._climbs = {}
        self._has_escalated = False

    def _due(self, climb: Climb, now_ns: int, names: frozenset[str]) -> list[Step]:
        after, rung = self._rungs[min(climb.next, len(self._rungs) - 1)]
        if now_ns - climb.since_ns < after * NS_PER_SECOND:
            return []
        climb.next += 1
        return [Step(rung, names)]

    def _of_some(self, now_ns: int) -> list[Step]:
        due: dict[Rung, set[str]] = {}
        for name, climb in self._climbs.items():
            # the last of them comes again, ever more seldom, for as long as the silence lasts
            after, rung = self._gentle[min(climb.next, len(self._gentle) - 1)]
            if now_ns - climb.since_ns < after * NS_PER_SECOND:
                continue
            is_soon = rung is Rung.RECONNECT and now_ns < self._reconnect_ns
            if not is_soon and self._spaced[rung].allows(name, now_ns):
                due.setdefault(rung, set()).add(name)
                climb.next += 1
        if Rung.RECONNECT in due:
            self._reconnect_ns = now_ns + RECONNECT_NS
        steps = [Step(rung, frozenset(names)) for rung, names in due.items()]
        if self._escalates(now_ns):
            steps.append(Step(Rung.ESCALATE, frozenset(self._climbs)))
        return steps

    def _escalates(self, now_ns: int) -> bool:
        tried = (one.since_ns for one in self._climbs.values() if one.next >= len(self._gentle))
        if self._has_escalated or now_ns - min(tried, default=now_ns) < PATIENCE * NS_PER_SECOND:
            return False
        self._has_escalated = True
        return True

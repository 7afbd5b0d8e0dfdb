"""Whether a worker works, but late (pure): loop lag, age of what it handles, share it drops.

One late beat is nothing: a worker is slow when it was late for most of some seconds, and well again
when it was in time for as long.
"""

from typing import NamedTuple

from lib.bus.protocol import Heartbeat
from lib.constants import NS_PER_MS, NS_PER_SECOND
from supervisor.judges.illness import Finding, Illness

SLOW_NS = 5 * NS_PER_SECOND
"""Lateness counts up to this, and back to nothing."""
LONGEST_STEP_NS = 2 * NS_PER_SECOND
"""No more is counted for one beat: what lies between may have been the supervisor's own sleep."""
FEW_EVENTS = 20
"""Between two beats; the share of so few says nothing."""
CROWD = 2
"""So many workers, and half of all, slow at once are slow for a common cause: the machine."""


class SlowLimits(NamedTuple):
    """What is too late; 0 = not watched.

    Args:
        lag: Seconds that the loop comes round late.
        delay: Age in seconds of the data that is handled.
        dropped: Share of the events that is conflated or dropped.
        restart_after: Seconds of slowness after which the worker is restarted; 0 = never.
    """

    lag: float = 0.0
    delay: float = 0.0
    dropped: float = 0.0
    restart_after: float = 0.0


class Slowness:
    """Watches one worker.

    Args:
        limits: Its limits.
    """

    def __init__(self, limits: SlowLimits) -> None:
        """Start quick."""
        self._limits = limits
        self.born()

    def born(self) -> None:
        """Start with a new life."""
        self._late_ns = 0
        self._beat_ns: int | None = None
        self._since_ns: int | None = None
        self._counts = (0, 0)
        self._evidence = ""

    def beat(self, beat: Heartbeat, now_ns: int) -> None:
        """Take a heartbeat."""
        evidence = self._judge(beat)
        self._counts = (beat.events, beat.dropped)
        step_ns = 0 if self._beat_ns is None else min(now_ns - self._beat_ns, LONGEST_STEP_NS)
        self._beat_ns = now_ns
        if evidence:
            self._evidence = evidence
        late_ns = self._late_ns + (step_ns if evidence else -step_ns)
        self._late_ns = max(0, min(SLOW_NS, late_ns))
        if self._late_ns == SLOW_NS and self._since_ns is None:
            self._since_ns = now_ns
        elif self._late_ns == 0:
            self._since_ns = None

    def finding(self) -> Finding | None:
        """Return that the worker is slow, with evidence; None while it is not."""
        if self._since_ns is None:
            return None
        return Finding(Illness.SLOW, self._evidence)

    def needs_restart(self, now_ns: int) -> bool:
        """Return whether it has been slow for too long."""
        after_ns = round(self._limits.restart_after * NS_PER_SECOND)
        return bool(after_ns) and self._since_ns is not None and now_ns - self._since_ns >= after_ns

    def _judge(self, beat: Heartbeat) -> str:
        limits = self._limits
        if limits.lag and beat.lag_ns > limits.lag * NS_PER_SECOND:
            return _late("its loop comes round", beat.lag_ns, "late", limits.lag)
        if limits.delay and beat.delay_ns > limits.delay * NS_PER_SECOND:
            return _late("its data is", beat.delay_ns, "old when handled", limits.delay)
        events, dropped = beat.events - self._counts[0], beat.dropped - self._counts[1]
        if limits.dropped and events + dropped >= FEW_EVENTS:
            share = dropped / (events + dropped)
            if share > limits.dropped:
                return f"it drops {share:.0%} of its events, limit {limits.dropped:.0%}"
        return ""


def is_crowd(slow: int, workers: int) -> bool:
    """Return whether so many of all running workers are slow that the machine is to blame."""
    return slow >= CROWD and slow * 2 >= workers


def _late(what: str, ns: int, how: str, limit: float) -> str:
    return f"{what} {ns / NS_PER_MS:.0f} ms {how}, limit {limit * 1_000:.0f} ms"

"""Liveness and freshness of one worker as pure logic: heartbeats in, verdicts out.

Ages come from the worker's own clock of new data; between two beats they grow by the time that
passed here. The supervisor's own sleep (SIGSTOP, suspend) is not held against anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lib.bus.protocol import Heartbeat
from lib.constants import NS_PER_SECOND, WorkerState

OPENING_SECONDS = 5.0
"""A life that was never ready may be silent this long: it still imports, connects, signs on."""
LEARNED = -1.0
"""Limit that means: learn it from the channel's own mean gap between events."""
LEARNED_FLOOR = 3.0
"""Seconds; no learned limit is shorter."""
LEARNED_GAPS = 25.0
"""Mean gaps that a quiet time may last: for a Poisson stream, e^-25 per event is never."""
LEARNED_EVENTS = 20
"""Events before a mean gap is trusted."""
FIRST_RATE_NS = NS_PER_SECOND // 5
"""A first rate is worth showing after this time already."""
RATE_WEIGHT = 0.3
"""Weight of the newest second in the smoothed event rate."""


class Rung(StrEnum):
    """Steps of healing, gentlest first."""

    RESUBSCRIBE = "resubscribe"
    RECONNECT = "reconnect"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class StaleData:
    """One channel of one symbol whose data is older than its limit; ages in seconds."""

    channel: str
    symbol: str
    age: float
    limit: float

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.channel} {self.symbol} {self.age:.1f} s old, limit {self.limit:g} s"


class Watch:
    """What the supervisor knows about one worker's life from its heartbeats.

    Args:
        limits: Channel -> longest age in seconds; `LEARNED`, or 0 for not watched.
        heartbeat_limit: Seconds without a beat after which the worker is hung.
        start_timeout: Seconds that may pass until the first beat.
    """

    def __init__(
        self, limits: Mapping[str, float], heartbeat_limit: float, start_timeout: float
    ) -> None:
        """Know nothing yet."""
        self._limits = limits
        self._heartbeat_limit_ns = round(heartbeat_limit * NS_PER_SECOND)
        self._start_timeout_ns = round(start_timeout * NS_PER_SECOND)
        self.last: Heartbeat | None = None
        self.events_per_s = 0.0
        self._was_ready = False
        self._born_ns = 0
        self._last_ns = 0
        self._rate_ns = 0
        self._rate_events = 0

    def born(self, now_ns: int) -> None:
        """Start watching a new life."""
        self.last = None
        self._was_ready = False
        self.events_per_s = 0.0
        self._born_ns = self._last_ns = self._rate_ns = now_ns
        self._rate_events = 0

    def beat(self, heartbeat: Heartbeat, now_ns: int) -> None:
        """Take a heartbeat."""
        self.last = heartbeat
        self._was_ready |= heartbeat.state == WorkerState.READY
        self._last_ns = now_ns
        passed_ns = now_ns - self._rate_ns
        first = self.events_per_s == 0
        if passed_ns >= (FIRST_RATE_NS if first else NS_PER_SECOND):
            rate = (heartbeat.events - self._rate_events) * NS_PER_SECOND / passed_ns
            self.events_per_s += (rate - self.events_per_s) * (1.0 if first else RATE_WEIGHT)
            self._rate_ns, self._rate_events = now_ns, heartbeat.events

    def forgive(self, now_ns: int) -> None:
        """Forget the silence that fell into the supervisor's own sleep."""
        self._last_ns = max(self._last_ns, now_ns)

    def heartbeat_age(self, now_ns: int) -> float:
        """Return seconds since the last beat (since birth before the first)."""
        return (now_ns - self._last_ns) / NS_PER_SECOND

    def silence_limit_ns(self) -> int:
        """Return how long the worker may be silent now."""
        if self.last is None:
            return self._start_timeout_ns
        if not self._was_ready:
            return max(self._heartbeat_limit_ns, round(OPENING_SECONDS * NS_PER_SECOND))
        return self._heartbeat_limit_ns

    def hung(self, now_ns: int) -> str:
        """Return why the worker counts as hung; empty when it does not."""
        if now_ns - self._last_ns <= self.silence_limit_ns():
            return ""
        what = "no heartbeat" if self.last else "no first heartbeat"
        return f"{what} for {self.heartbeat_age(now_ns):.2f} s"

    def deadline(self) -> int:
        """Return when the worker counts as hung if no beat comes, monotonic ns."""
        return self._last_ns + self.silence_limit_ns()

    def ages(self, now_ns: int) -> dict[str, dict[str, float]]:
        """Return channel -> symbol -> age of the newest new data in seconds, as of now."""
        if self.last is None:
            return {}
        since_ns = now_ns - self._last_ns
        return {
            channel: {symbol: (age + since_ns) / NS_PER_SECOND for symbol, age in ages.items()}
            for channel, ages in self.last.ages.items()
        }

    def stale(self, now_ns: int) -> list[StaleData]:
        """Return what is older than its limit, oldest first."""
        found = [
            StaleData(channel, symbol, age, limit)
            for channel, ages in self.ages(now_ns).items()
            for symbol, age in ages.items()
            if (limit := self.limit(channel, symbol, now_ns)) and age > limit
        ]
        return sorted(found, key=lambda stale: -stale.age)

    def limit(self, channel: str, symbol: str, now_ns: int) -> float:
        """Return the limit of one channel and symbol in seconds; 0 = not watched."""
        limit = self._limits.get(channel, 0.0)
        if limit != LEARNED:
            return limit
        count = self.last.counts.get(f"{channel}:{symbol}", 0) if self.last else 0
        if count < LEARNED_EVENTS:
            return 0.0
        gap = (now_ns - self._born_ns) / NS_PER_SECOND / count
        return max(LEARNED_FLOOR, LEARNED_GAPS * gap)


class Ladder:
    """Which rung of healing a stale worker gets next.

    Args:
        rungs: (seconds of staleness beyond the limit, rung), in order.
    """

    def __init__(self, rungs: tuple[tuple[float, Rung], ...]) -> None:
        """Stand on the ground."""
        self._rungs = rungs
        self._since_ns: int | None = None
        self._next = 0

    def stale(self, now_ns: int) -> Rung | None:
        """Note that the data is stale; return the rung that is due now, if one is."""
        if self._since_ns is None:
            self._since_ns = now_ns
        if self._next >= len(self._rungs):
            return self._rungs[-1][1]
        seconds, rung = self._rungs[self._next]
        if now_ns - self._since_ns < seconds * NS_PER_SECOND:
            return None
        self._next += 1
        return rung

    def fresh(self) -> None:
        """Note that the data is fresh: back to the ground."""
        self._since_ns = None
        self._next = 0


PUBLISHER_RUNGS = ((0.0, Rung.RESUBSCRIBE), (0.7, Rung.RECONNECT), (2.0, Rung.RESTART))
SUBSCRIBER_RUNGS = ((0.0, Rung.RESUBSCRIBE), (1.0, Rung.RESTART))

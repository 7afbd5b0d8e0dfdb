"""Liveness and freshness of one worker as pure logic: heartbeats in, verdicts out.

Ages come from the worker's own clock of new data; between two beats they grow by the time that
passed here. The supervisor's own sleep (SIGSTOP, suspend) is not held against anybody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lib.bus.protocol import Heartbeat
from lib.constants import NS_PER_SECOND, WorkerState
from supervisor.judges.rhythm import FLOOR, Rhythm, Silence

OPENING_SECONDS = 5.0
"""A life that was never ready may be silent this long: it still imports, connects, signs on."""
LEARNED = -1.0
"""Limit that means: learn it from the channel's own gaps between events."""
FIRST_RATE_NS = NS_PER_SECOND // 5
"""A first rate is worth showing after this time already."""
RATE_WEIGHT = 0.3
"""Weight of the newest second in the smoothed event rate."""


@dataclass(frozen=True, slots=True)
class StaleData:
    """One channel of one symbol whose data is older than its limit; ages in seconds.

    `is_sure` is False for a limit that was learned too recently to restart a worker for.
    """

    channel: str
    symbol: str
    age: float
    limit: float
    is_sure: bool = True

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.channel} {self.symbol} {self.age:.1f} s old, limit {self.limit:.3g} s"


class Watch:
    """What the supervisor knows about one worker from its heartbeats.

    Args:
        limits: Channel -> longest age in seconds; `LEARNED`, or 0 for not watched.
        heartbeat_limit: Seconds without a beat after which the worker is hung.
        start_timeout: Seconds that may pass until the first beat.
    """

    def __init__(
        self, limits: Mapping[str, float], heartbeat_limit: float, start_timeout: float
    ) -> None:
        """Know nothing yet."""
        self.adopt(limits, heartbeat_limit, start_timeout)
        self._rhythms: dict[tuple[str, str], Rhythm] = {}
        self._silences: dict[str, Silence] = {}
        self.last: Heartbeat | None = None
        self.events_per_s = 0.0
        self._was_ready = False
        self._last_ns = 0
        self._rate_ns = 0
        self._rate_events = 0

    def adopt(
        self, limits: Mapping[str, float], heartbeat_limit: float, start_timeout: float
    ) -> None:
        """Go by other limits from now on."""
        self._heartbeat_limit_ns = round(heartbeat_limit * NS_PER_SECOND)
        self._start_timeout_ns = round(start_timeout * NS_PER_SECOND)
        self._limits = {channel: limit for channel, limit in limits.items() if limit}
        self._learned = [channel for channel, limit in self._limits.items() if limit == LEARNED]

    def born(self, now_ns: int) -> None:
        """Start watching a new life; what was learned of its data stays."""
        self.last = None
        self._was_ready = False
        self.events_per_s = 0.0
        self._last_ns = self._rate_ns = now_ns
        self._rate_events = 0
        for rhythm in self._rhythms.values():
            rhythm.reborn()
        for silence in self._silences.values():
            silence.reborn()

    def beat(self, heartbeat: Heartbeat, now_ns: int) -> None:
        """Take a heartbeat."""
        self.last = heartbeat
        self._was_ready |= heartbeat.state == WorkerState.READY
        self._last_ns = now_ns
        for channel in self._learned:
            self._learn(channel, heartbeat, now_ns)
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
        limit = self.silence_limit_ns() / NS_PER_SECOND
        return f"{what} for {self.heartbeat_age(now_ns):.2f} s, limit {limit:g} s"

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

    def age(self, channel: str, symbol: str, now_ns: int) -> float | None:
        """Return the age of the newest data of one channel and symbol, None when unknown."""
        age_ns = self.last.ages.get(channel, {}).get(symbol) if self.last else None
        return None if age_ns is None else (age_ns + now_ns - self._last_ns) / NS_PER_SECOND

    def heard(self, now_ns: int) -> float | None:
        """Return seconds since any of its connections brought anything, None when unknown."""
        if self.last is None or not self.last.links:
            return None
        return (min(self.last.links.values()) + now_ns - self._last_ns) / NS_PER_SECOND

    def stale(self, now_ns: int) -> list[StaleData]:
        """Return what is older than its limit, oldest first."""
        return sorted(self._stale(now_ns), key=lambda stale: -stale.age)

    def is_frozen(self, stale: list[StaleData], now_ns: int) -> bool:
        """Return whether a channel is silent as a whole, beyond doubt: that is no quiet market.

        It is when nothing has come of any symbol for longer than one of them can be quiet.
        """
        if self.last is None:
            return False
        since_ns = now_ns - self._last_ns
        for channel in {one.channel for one in stale if one.is_sure}:
            shortest = min(one.limit for one in stale if one.is_sure and one.channel == channel)
            newest_ns = min(self.last.ages[channel].values()) + since_ns
            if newest_ns > shortest * NS_PER_SECOND:
                return True
        return False

    def limit(self, channel: str, symbol: str) -> float:
        """Return the limit of one channel and symbol in seconds; 0 = not watched."""
        limit = self._limits.get(channel, 0.0)
        if limit != LEARNED:
            return limit
        rhythm = self._rhythms.get((channel, symbol))
        return rhythm.limit() if rhythm else 0.0

    def learned_symbols(self, channel: str) -> list[str]:
        """Return the symbols whose limit in a channel is learned; none where it is fixed."""
        if channel not in self._learned:
            return []
        return [symbol for one, symbol in self._rhythms if one == channel]

    def _stale(self, now_ns: int) -> Iterator[StaleData]:
        if self.last is None:
            return
        since_ns = now_ns - self._last_ns
        for channel, limit in self._limits.items():
            for symbol, age_ns in self.last.ages.get(channel, {}).items():
                age = (age_ns + since_ns) / NS_PER_SECOND
                if limit != LEARNED:
                    if age > limit:
                        yield StaleData(channel, symbol, age, limit)
                    continue
                rhythm = self._rhythms.get((channel, symbol))
                # most are fresh by far: they are spared the arithmetic
                learned = rhythm.limit() if rhythm and age > FLOOR else 0.0
                if rhythm and learned and age > learned:
                    yield StaleData(channel, symbol, age, learned, rhythm.is_sure(now_ns))

    def _learn(self, channel: str, beat: Heartbeat, now_ns: int) -> None:
        ages = beat.ages.get(channel, {})
        if not ages:
            return
        counts = {symbol: beat.counts.get(f"{channel}:{symbol}", 0) for symbol in ages}
        silence = self._silences.get(channel)
        if silence is None:
            silence = self._silences[channel] = Silence(now_ns)
        silence.see(len(ages), sum(counts.values()), now_ns - min(ages.values()), now_ns)
        for symbol, age_ns in ages.items():
            rhythm = self._rhythms.get((channel, symbol))
            if rhythm is None:
                rhythm = self._rhythms[channel, symbol] = Rhythm(now_ns)
            rhythm.see(counts[symbol], now_ns - age_ns, now_ns, silence.newest)

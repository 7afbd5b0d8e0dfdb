"""How long one channel of one symbol may be quiet, learned from its own arrivals (pure).

Two things bound a quiet time: many mean gaps (in a Poisson stream, twenty-five in a row never
happen), and a multiple of the third-longest gap of the last hour, or hours where events are few
(bursts have a small mean gap and long quiet times; the third, so that a freeze or two do not teach
patience). A gap beyond the limit teaches only half of it, so that freezes widen the limit slowly;
and one in which all symbols of a lively channel were silent at once teaches nothing: that was no
market.
"""

from lib.constants import NS_PER_SECOND

FLOOR = 2.5
"""Seconds; no limit is shorter. With a beat each 250 ms, a freeze is noticed within 3 s."""
MEAN_GAPS = 25.0
LIVELY_SECONDS = 1.5
LIVELY_GAPS = 4.0
"""Third-longest gaps that may pass where these are shorter than `LIVELY_SECONDS`: of thousands of
gaps it lies far out already."""
SLUGGISH_GAPS = 12.0
"""The same where they are longer: there are few of them, and nobody needs to know at once."""
TRUSTED_EVENTS = 20
"""Events before any limit is known."""
SURE_NS = 3_600 * NS_PER_SECOND
"""Observed so long, a limit is good enough to restart a worker for."""
SPAN_NS = 1_800 * NS_PER_SECOND
"""What is known covers the present span of time and the one before."""
SPAN_EVENTS = 1_000
"""A span with fewer events goes on, up to `LONG_SPAN_NS`: pauses of half an hour need a longer
memory than those of a second."""
LONG_SPAN_NS = 6 * 3_600 * NS_PER_SECOND
RANK = 3
SILENT_NS = NS_PER_SECOND // 2
SILENT_GAPS = 100
"""A channel is silent as a whole after so long, and so many of its mean gaps."""

Period = tuple[int, int]
"""Beginning and end, monotonic ns."""
NEVER: Period = (0, 0)


class Span:
    """What was seen within one span of time."""

    __slots__ = ("began_ns", "count", "gaps")

    def __init__(self, began_ns: int) -> None:
        """Have seen nothing."""
        self.began_ns = began_ns
        self.count = 0
        self.gaps = [0] * RANK
        """Longest gaps in ns, shortest of them first."""


class Silence:
    """Finds the times in which nothing of a whole channel arrived.

    Args:
        now_ns: Monotonic time.
    """

    __slots__ = ("_beat_ns", "_began_ns", "_count", "_events", "_newest_ns", "newest")

    def __init__(self, now_ns: int) -> None:
        """Know nothing."""
        self._began_ns = self._beat_ns = now_ns
        self._newest_ns: int | None = None
        self._count = 0
        self._events = 0
        self.newest: Period = NEVER
        """The newest such time that is over."""

    def reborn(self) -> None:
        """Note that its worker has a new life, which counts anew."""
        self._count = 0
        self._newest_ns = None

    def see(self, symbols: int, count: int, newest_ns: int, now_ns: int) -> None:
        """Take what a heartbeat says of all symbols together.

        Args:
            symbols: How many there are; one alone may well be quiet.
            count: Events in this life.
            newest_ns: Time of the newest, monotonic.
            now_ns: Monotonic time.
        """
        before_ns, self._beat_ns = self._beat_ns, now_ns
        new, self._count = count - self._count, count
        if new <= 0:
            return
        if self._newest_ns is not None and symbols > 1 and self._events >= TRUSTED_EVENTS:
            mean_ns = (self._newest_ns - self._began_ns) // self._events
            if before_ns - self._newest_ns > max(SILENT_NS, SILENT_GAPS * mean_ns):
                self.newest = (self._newest_ns, before_ns)
        self._events += new
        self._newest_ns = newest_ns


class Rhythm:
    """Learns the arrivals of one channel of one symbol over all lives of its worker.

    Args:
        now_ns: Monotonic time.
    """

    __slots__ = ("_beat_ns", "_began_ns", "_count", "_former", "_last_ns", "_newest_ns", "_span")

    def __init__(self, now_ns: int) -> None:
        """Know nothing."""
        self._began_ns = now_ns
        self._span = Span(now_ns)
        self._former: Span | None = None
        self._count = 0
        self._newest_ns: int | None = None
        """Time of the newest event in this life."""
        self._beat_ns = now_ns
        self._last_ns = now_ns
        """The same over all lives."""

    def reborn(self) -> None:
        """Note that its worker has a new life, which counts anew."""
        self._count = 0
        self._newest_ns = None

    def see(self, count: int, newest_ns: int, now_ns: int, silence: Period = NEVER) -> None:
        """Take what a heartbeat says.

        Args:
            count: Events in this life.
            newest_ns: Time of the newest, monotonic.
            now_ns: Monotonic time.
            silence: When nothing of the whole channel arrived.
        """
        before_ns, self._beat_ns = self._beat_ns, now_ns
        if count < self._count:
            self.reborn()  # its symbol was taken away and added again
        new = count - self._count
        if not new:
            return
        span = self._span
        passed_ns = now_ns - span.began_ns
        if passed_ns >= (SPAN_NS if span.count >= SPAN_EVENTS else LONG_SPAN_NS):
            self._former = span
            span = self._span = Span(now_ns)
        span.count += new
        if self._newest_ns is not None:
            # one event ends its gap; of several since the last beat only bounds are known
            gap_ns = (newest_ns - self._newest_ns) // new
            gap_ns = max(gap_ns, before_ns - self._newest_ns)
            gap_ns -= max(0, min(newest_ns, silence[1]) - max(self._newest_ns, silence[0]))
            if gap_ns > span.gaps[0]:
                self._learn(span, gap_ns)
        self._count, self._newest_ns = count, newest_ns
        self._last_ns = newest_ns

    def limit(self) -> float:
        """Return the seconds that it may be quiet; 0 while that is not known."""
        spans = [self._span] if self._former is None else [self._former, self._span]
        count = sum(span.count for span in spans)
        if count < TRUSTED_EVENTS:
            return 0.0
        mean = (self._last_ns - spans[0].began_ns) / NS_PER_SECOND / count
        third = sorted(gap for span in spans for gap in span.gaps)[-RANK] / NS_PER_SECOND
        gaps = LIVELY_GAPS if third <= LIVELY_SECONDS else SLUGGISH_GAPS
        return max(FLOOR, MEAN_GAPS * mean, gaps * third)

    def is_sure(self, now_ns: int) -> bool:
        """Return whether it was observed long enough to restart a worker for."""
        return now_ns - self._began_ns >= SURE_NS

    def _learn(self, span: Span, gap_ns: int) -> None:
        limit_ns = round(self.limit() * NS_PER_SECOND)
        if limit_ns:
            gap_ns = min(gap_ns, limit_ns // 2)
        if gap_ns > span.gaps[0]:
            span.gaps[0] = gap_ns
            span.gaps.sort()

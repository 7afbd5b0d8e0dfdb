"""The market's events one after the other, some of them put back to be played later."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, takewhile

from lib.backtest.sources import Source
from lib.venue.market import MarketEvent


class Playlist:
    """What is still to be played of a market.

    Args:
        source: The market.
        on_batch: Called before each batch.
    """

    def __init__(self, source: Source, on_batch: Callable[[], None]) -> None:
        """Read nothing yet."""
        self.count = 0
        """Events read so far, to the end of the newest batch."""
        self.back: deque[MarketEvent] = deque()
        """Put back: to be played before all others."""
        self._source = source
        self._on_batch = on_batch
        self.fresh: Iterator[MarketEvent] = chain.from_iterable(self._batches())
        """All others, in time order."""

    def first(self, before: Callable[[MarketEvent], None]) -> MarketEvent | None:
        """Return the first event from the source's start on, leaving it to be played.

        Args:
            before: Called with each event before it.
        """
        for event in self.fresh:
            if event.time_ns >= self._source.start_ns:
                self.fresh = chain((event,), self.fresh)
                return event
            before(event)
        return None

    def next_until(self, horizon_ns: int) -> MarketEvent | None:
        """Return the next event, None if it comes after a time."""
        event = self.back.popleft() if self.back else next(self.fresh, None)
        if event is not None and event.time_ns > horizon_ns:
            self.back.appendleft(event)
            return None
        return event

    def comes_after(self, act: Callable[[], None], event: MarketEvent) -> bool:
        """Act before an event is played; return False when it was played meanwhile."""
        self.back.appendleft(event)
        act()
        if not self.back or self.back[0] is not event:
            return False
        self.back.popleft()
        return True

    def _batches(self) -> Iterator[Iterable[MarketEvent]]:
        end_ns = self._source.end_ns
        for batch in self._source.batches():
            self._on_batch()
            if batch.last_ns >= end_ns:
                events = list(takewhile(lambda event: event.time_ns < end_ns, batch.events))
                self.count += len(events)
                yield events
                return
            self.count += batch.rows
            yield batch.events

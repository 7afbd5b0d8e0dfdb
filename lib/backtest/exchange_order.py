"""A recording's events in the order in which they happened, not in which they were received."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from lib.backtest.batch import Batch, batch_of
from lib.constants import NS_PER_SECOND
from lib.recording.reader import RecordingReader
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.recorded_blocks import block_events
from lib.venue.symbols import SymbolInfo

LATEST_NS = 10 * NS_PER_SECOND
"""An event that was received later than this is played when it came."""
RANKS = {Print: 0, Quote: 1, Levels: 2, MarkPrice: 3}
"""Of one millisecond: trades, then the quotes and levels that they leave."""
CLOCK = "event_ns"


def batches_by_exchange(
    reader: RecordingReader, wanted: Mapping[str, SymbolInfo], end_ns: int
) -> Iterator[Batch]:
    """Yield the events of the wanted symbols, dated and ordered by the exchange's own times.

    Args:
        reader: The recording.
        wanted: By symbol.
        end_ns: What happened from then on is not wanted.
    """
    waiting: list[MarketEvent] = []
    played_ns = 0
    for block in reader.blocks(0, end_ns + LATEST_NS):
        for event in block_events(block, CLOCK):
            if event.symbol in wanted:
                late = event.time_ns < played_ns
                waiting.append(event._replace(time_ns=played_ns) if late else event)
        waiting.sort(key=_rank)
        count = bisect_right(waiting, block.head.last_ns - LATEST_NS, key=_time)
        if count:
            played_ns = waiting[count - 1].time_ns
            yield batch_of(waiting[:count])
            waiting = waiting[count:]
    if waiting:
        yield batch_of(waiting)


def _time(event: MarketEvent) -> int:
    return event.time_ns


def _rank(event: MarketEvent) -> tuple[int, int]:
    return event.time_ns, RANKS[type(event)]

"""Some events of a market, in time order (pure)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lib.venue.market import MarketEvent


class Batch(NamedTuple):
    """Events to be taken once; `rows` of them at most."""

    last_ns: int
    """Time of the last one, or later."""
    rows: int
    events: Iterable[MarketEvent]


def batch_of(events: Sequence[MarketEvent]) -> Batch:
    """Return a list of events, not empty, as a batch."""
    return Batch(events[-1].time_ns, len(events), events)

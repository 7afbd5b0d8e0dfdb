"""Where a backtest's market comes from: batches of events in time order."""

from collections.abc import Iterator
from typing import Any, Protocol

from lib.backtest.batch import Batch, batch_of
from lib.backtest.minutes import Minute
from lib.backtest.moments import moment_ns
from lib.backtest.recordings import RecordedSource, minute_of
from lib.backtest.settings import DEFAULT_START, Settings
from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError
from lib.venue.symbols import SymbolInfo, info
from lib.venue.synthetic import SyntheticFeed

SYNTHETIC_BATCH_NS = 5 * NS_PER_SECOND
SEEDS = 1_000_003
"""Distance between the seeds of markets that start a second apart."""


class Source(Protocol):
    """A market of the past."""

    rules: dict[str, SymbolInfo]
    """Every symbol that it plays."""
    start_ns: int
    """Events before it only prepare book and candles."""
    end_ns: int
    """The first moment that is not played; huge: until the last event."""
    last_ns: int
    """When it will be over, as far as one can tell, for the progress bar."""

    def history(self, symbol: str) -> list[Minute]:
        """Return one-minute candles from before the start, ascending."""

    def batches(self) -> Iterator[Batch]:
        """Yield the events in time order; no batch is empty."""

    def describe(self) -> dict[str, Any]:
        """Return what it is, JSON-ready, for the results."""


class SyntheticSource:
    """A random market; the same one for the same seed and start.

    Another start is another market: what has no past must not play the same again to who was
    trained on an earlier span.

    Args:
        settings: Seed, rate, start and end.
    """

    def __init__(self, settings: Settings) -> None:
        """Draw nothing yet."""
        self.rules = {symbol: info(symbol) for symbol in settings.symbols}
        self.start_ns = moment_ns(settings.start or DEFAULT_START, moment_ns(DEFAULT_START, 0))
        self.end_ns = self.last_ns = moment_ns(settings.end, self.start_ns)
        if self.end_ns <= self.start_ns:
            raise ConfigError(f"the backtest ends ({settings.end}) before it starts")
        self._facts = {"feed": "synthetic", "seed": settings.seed, "rate": settings.rate}
        offset = (self.start_ns - moment_ns(DEFAULT_START, 0)) // NS_PER_SECOND
        seed = settings.seed + offset * SEEDS
        self._feed = SyntheticFeed(
            self.rules, list(self.rules), seed, settings.rate, settings.history_minutes
        )
        self._feed.start(self.start_ns)

    def history(self, symbol: str) -> list[Minute]:
        """Return the invented past."""
        return [minute_of(candle) for candle in self._feed.history(symbol)]

    def describe(self) -> dict[str, Any]:
        """Return what decides the market."""
        return dict(self._facts)

    def batches(self) -> Iterator[Batch]:
        """Yield some seconds of the market at a time."""
        while (due_ns := self._feed.due()) is not None and due_ns < self.end_ns:
            events = self._feed.take(min(due_ns + SYNTHETIC_BATCH_NS, self.end_ns))
            if events:
                yield batch_of(events)


def open_market(settings: Settings) -> Source:
    """Return the market that the settings name.

    Raises:
        ConfigError: A file is missing or holds something else, or a symbol is in none.
    """
    if settings.feed == "synthetic":
        return SyntheticSource(settings)
    return RecordedSource(settings)

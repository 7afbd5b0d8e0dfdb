"""What plays the venue's market: the promise of every feed, and how one is chosen."""

from abc import ABC, abstractmethod

from lib.venue.candles import Candle
from lib.venue.market import MarketEvent
from lib.venue.symbols import SymbolInfo


class Feed(ABC):
    """A market in virtual time: pure, told the time, never asking for it.

    The player calls `start` once, then `take(now)` whenever `due()` has come. Events carry the
    venue's times; a recording's times are shifted to now.
    """

    @abstractmethod
    def listed(self) -> dict[str, SymbolInfo]:
        """Return every symbol that the feed could play."""

    @abstractmethod
    def start(self, now_ns: int) -> None:
        """Begin to play at `now_ns`."""

    @abstractmethod
    def play(self, symbol: str, now_ns: int) -> None:
        """Begin to play a listed symbol; no effect when it plays already."""

    @abstractmethod
    def history(self, symbol: str) -> list[Candle]:
        """Return one-minute candles from before the symbol was played, ascending."""

    @abstractmethod
    def due(self) -> int | None:
        """Return the time of the next event in ns, None when there is none."""

    @abstractmethod
    def take(self, now_ns: int) -> list[MarketEvent]:
        """Return the events due until `now_ns`, in order."""

    @abstractmethod
    def shift(self, delta_ns: int) -> None:
        """Play everything that is still to come `delta_ns` later: the venue was asleep."""

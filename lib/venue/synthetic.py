"""A seeded random market for any list of symbols: the feed that needs no file."""

import heapq
from collections.abc import Callable

from lib.venue.candles import Candle
from lib.venue.feeds import Feed
from lib.venue.market import MarketEvent
from lib.venue.symbols import SymbolInfo, info
from lib.venue.synthetic_market import SyntheticMarket


class SyntheticFeed(Feed):
    """One independent random market per symbol; the same seed plays the same market.

    Args:
        listed: Every symbol that may be asked for.
        active: Symbols that play from the start; the others begin when someone asks.
        seed: Chooses the market.
        rate: Stream messages per second and symbol that a subscriber of all usual channels sees.
        minutes: Length of the invented candle history.
    """

    def __init__(
        self,
        listed: dict[str, SymbolInfo],
        active: list[str],
        seed: int = 1,
        rate: float = 20.0,
        minutes: int = 120,
    ) -> None:
        """Prepare; nothing plays before `start`."""
        self._listed = listed
        self._active = active
        self._seed = seed
        self._rate = rate
        self._minutes = minutes
        self._markets: dict[str, SyntheticMarket] = {}
        self._due: list[tuple[int, str]] = []

    def listed(self) -> dict[str, SymbolInfo]:
        """Return the symbols that may be asked for."""
        return self._listed

    def start(self, now_ns: int) -> None:
        """Begin with the active symbols."""
        for symbol in self._active:
            self.play(symbol, now_ns)

    def play(self, symbol: str, now_ns: int) -> None:
        """Begin one symbol's market."""
        if symbol in self._markets:
            return
        rules = self._listed.get(symbol) or info(symbol)
        market = SyntheticMarket(rules, self._seed, self._rate, self._minutes, now_ns)
        self._markets[symbol] = market
        heapq.heappush(self._due, (market.due_ns, symbol))

    def history(self, symbol: str) -> list[Candle]:
        """Return the invented past of a symbol."""
        market = self._markets.get(symbol)
        return market.history() if market else []

    def due(self) -> int | None:
        """Return when the next symbol moves."""
        return self._due[0][0] if self._due else None

    def take(self, now_ns: int) -> list[MarketEvent]:
        """Return all moves until `now_ns`."""
        events: list[MarketEvent] = []
        due = self._due
        while due and due[0][0] <= now_ns:
            market = self._markets[due[0][1]]
            market.step(events)
            heapq.heapreplace(due, (market.due_ns, due[0][1]))
        return events

    def shift(self, delta_ns: int) -> None:
        """Move every symbol's next step."""
        for market in self._markets.values():
            market.shift(delta_ns)
        self._due = [(due_ns + delta_ns, symbol) for due_ns, symbol in self._due]

    def each(self, visit: Callable[[SyntheticMarket], None]) -> None:
        """Show every playing market to `visit` (tests shape markets with it)."""
        for market in self._markets.values():
            visit(market)

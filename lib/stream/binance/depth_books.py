"""Local order books of several symbols, from the diff stream (pure logic)."""

from collections.abc import Collection

from lib.bus.protocol import Depth
from lib.constants import NS_PER_SECOND
from lib.stream.order_book import Diff, Level, OrderBook, WireLevel

LEVELS = 20
"""Best levels published, as many as partial depth has."""
RETRY_NS = NS_PER_SECOND
"""Between two snapshots of one symbol: the first may be older than the diffs at hand."""


class DepthBooks:
    """Turns diffs into published depth, and says whose snapshot is needed.

    Args:
        symbols: Whose diffs are subscribed.
        exchange: Name that the messages carry.
        levels: Best levels published per side.
    """

    def __init__(self, symbols: list[str], exchange: str, levels: int = LEVELS) -> None:
        """Start with no book valid."""
        self._books = {symbol: OrderBook(symbol) for symbol in symbols}
        self._asked_ns: dict[str, int] = {}
        self._exchange = exchange
        self._levels = levels

    def watch(self, symbols: list[str]) -> None:
        """Keep the books of these symbols from now on, and no others."""
        self._books = {symbol: self._books.get(symbol) or OrderBook(symbol) for symbol in symbols}

    @property
    def breaks(self) -> int:
        """Times that a valid book had to be thrown away."""
        return sum(book.breaks for book in self._books.values())

    def apply(self, diff: Diff) -> Depth | None:
        """Take one diff; return the book's best levels if it is valid and has changed."""
        book = self._books.get(diff.symbol)
        if book is None or not book.apply(diff):
            return None
        return self._depth(book, diff.latency_ns)

    def load(
        self, symbol: str, last_update_id: int, bids: list[WireLevel], asks: list[WireLevel]
    ) -> Depth | None:
        """Take a snapshot; return the book's best levels if it is valid now."""
        book = self._books.get(symbol)
        if book is None:
            return None  # no longer watched: the snapshot was under way
        return self._depth(book, 0) if book.load(last_update_id, bids, asks) else None

    def wanting(self, now_ns: int) -> str | None:
        """Return a symbol whose snapshot should be fetched now, and note that it is.

        Args:
            now_ns: CLOCK_BOOTTIME.
        """
        for symbol, book in self._books.items():
            if not (book.needs_snapshot and book.has_diffs):
                continue
            if now_ns - self._asked_ns.get(symbol, now_ns - RETRY_NS) >= RETRY_NS:
                self._asked_ns[symbol] = now_ns
                return symbol
        return None

    def invalidate(self, symbols: Collection[str] = ()) -> None:
        """Throw the books of symbols (none named: all) away: diffs may have been missed."""
        for symbol, book in self._books.items():
            if not symbols or symbol in symbols:
                book.invalidate()

    def _depth(self, book: OrderBook, latency_ns: int) -> Depth:
        return Depth(
            book.symbol,
            _wire(book.bids(self._levels)),
            _wire(book.asks(self._levels)),
            self._exchange,
            book.event_ns,
            book.last_id,
            latency_ns,
        )


def _wire(levels: list[Level]) -> list[list[str]]:
    return [[str(price), str(qty)] for price, qty in levels]

"""What is new and what is a repeat, by the exchange's own ids (pure logic)."""

from collections import deque
from collections.abc import Collection

from lib.bus.protocol import Book, Candle, Depth, Mark, Trade

MarketMessage = Book | Trade | Candle | Mark | Depth

CLOSED_REMEMBERED = 8
"""Closed candles per symbol: a late repeat comes within seconds, not minutes."""


class Newest:
    """Tells news from repeats, for overlapping connections and for frozen content.

    An id that went back counts as new only if its event is newer: then the exchange has started to
    count again (a venue that was restarted, a recording that loops).
    """

    def __init__(self) -> None:
        """Start having seen nothing."""
        self._seen: dict[tuple[type, str], tuple[int, int]] = {}
        self._closed: dict[str, deque[int]] = {}
        self.repeats = 0
        self.lost_trades = 0
        """Aggregated trades that never came: their ids have no gaps of their own."""

    def is_new(self, message: MarketMessage) -> bool:
        """Return whether a message is news, and remember it."""
        if isinstance(message, Candle):
            is_new = self._is_new_candle(message)
        elif isinstance(message, Mark):
            is_new = self._advances(Mark, message.symbol, message.event_ns, message.event_ns)
        else:
            is_new = self._advances(
                type(message), message.symbol, message.update_id, message.event_ns
            )
        self.repeats += not is_new
        return is_new

    def forget(self, symbols: Collection[str] = ()) -> None:
        """Take whatever comes next of symbols (none named: of all) as new."""
        for key in [key for key in self._seen if not symbols or key[1] in symbols]:
            del self._seen[key]
        for symbol in [symbol for symbol in self._closed if not symbols or symbol in symbols]:
            del self._closed[symbol]

    def _advances(self, kind: type, symbol: str, update_id: int, event_ns: int) -> bool:
        key = (kind, symbol)
        last_id, last_ns = self._seen.get(key, (-1, -1))
        if update_id > last_id or (update_id < last_id and event_ns > last_ns):
            if kind is Trade and 0 <= last_id < update_id:
                self.lost_trades += update_id - last_id - 1
            self._seen[key] = (update_id, event_ns)
            return True
        return False

    def _is_new_candle(self, candle: Candle) -> bool:
        closed = self._closed.get(candle.symbol)
        if closed is None:
            closed = self._closed[candle.symbol] = deque(maxlen=CLOSED_REMEMBERED)
        if candle.open_ns in closed:
            return False
        if candle.finished:
            # a closing frame may come after the next minute's first frame: still news
            closed.append(candle.open_ns)
            return True
        return self._advances(Candle, candle.symbol, candle.event_ns, candle.event_ns)

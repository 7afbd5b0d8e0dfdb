"""Market events on their way to a bot: repeats dropped, a backlog skipped to its newest (pure)."""

from collections import defaultdict, deque

from lib.bus.protocol import Book, Candle, Header, Message, Trade
from lib.constants import NS_PER_MS
from lib.novelty import is_newer

STALE_BOOK_NS = 50 * NS_PER_MS
"""A book that waited this long is skipped when a newer one of its symbol waits, too."""
MOST_BOOKS = 256
MOST_TRADES = 10_000
MOST_MISSED = 1_000
"""Trades of a symbol that may come late, from a replica that is behind another."""

MarketEvent = Book | Trade | Candle


class Novelty:
    """Tells new events from those that another replica of the stream brought before.

    A replica that has just begun may be ahead of the one that carried on: the trades between the
    two are new when the slower one brings them, though later ones were seen.
    """

    def __init__(self) -> None:
        """Have seen nothing."""
        # Kind and symbol -> (update id, exchange's time) of the newest event.
        self._seen: dict[tuple[object, str], tuple[int, int]] = {}
        # Symbol -> ids of trades that were passed over; a dictionary for its order.
        self._missed: defaultdict[str, dict[int, None]] = defaultdict(dict)

    def is_new(self, message: MarketEvent) -> bool:
        """Return whether an event is newer than all of its kind and symbol, and remember it."""
        key: tuple[object, str]
        if isinstance(message, Candle):
            key = (message.finished, message.symbol)
            number, event_ns = (message.open_ns if message.finished else message.event_ns), 0
        else:
            key = (type(message), message.symbol)
            number, event_ns = message.update_id, message.event_ns
        last = self._seen.get(key)
        if last is not None and not is_newer(number, event_ns, last):
            return isinstance(message, Trade) and self._was_missed(message)
        if last is not None and isinstance(message, Trade):
            self._note_missed(message, last[0])
        self._seen[key] = (number, event_ns)
        return True

    def _was_missed(self, trade: Trade) -> bool:
        missed = self._missed[trade.symbol]
        was_missed = trade.update_id in missed
        missed.pop(trade.update_id, None)
        return was_missed

    def _note_missed(self, trade: Trade, last: int) -> None:
        missed = self._missed[trade.symbol]
        if trade.update_id <= last:
            missed.clear()  # its numbers have begun anew
        first = max(last + 1, trade.update_id - MOST_MISSED)
        missed.update(dict.fromkeys(range(first, trade.update_id)))
        while len(missed) > MOST_MISSED:
            del missed[next(iter(missed))]


class Inbox:
    """What waits for the bot's handlers, oldest first, bounded.

    Args:
        live_candles: Let unfinished candles pass, too.
    """

    def __init__(self, *, live_candles: bool) -> None:
        """Start empty."""
        self.dropped = 0
        """Books that were skipped and trades beyond the bound."""
        self._live_candles = live_candles
        self._novelty = Novelty()
        self._waiting: deque[tuple[MarketEvent, int]] = deque()
        self._books: defaultdict[str, int] = defaultdict(int)
        self._trades = 0
        self._surplus_trades = 0

    def add(self, header: Header, message: Message) -> MarketEvent | None:
        """Take an event in; return it when it is new."""
        if not isinstance(message, (Book, Trade, Candle)) or not self._novelty.is_new(message):
            return None
        if isinstance(message, Candle) and not message.finished and not self._live_candles:
            return message
        if isinstance(message, Book):
            self._books[message.symbol] += 1
        elif isinstance(message, Trade):
            self._trades += 1
            if self._trades > MOST_TRADES:
                self._surplus_trades += 1
                self._trades -= 1
        self._waiting.append((message, header.published_ns))
        return message

    def next(self, now_ns: int) -> tuple[MarketEvent, int] | None:
        """Return the next event for the bot and when it was published, None when none waits.

        Args:
            now_ns: Time since the epoch.
        """
        while self._waiting:
            event, published_ns = self._waiting.popleft()
            if not self._is_skipped(event, now_ns - published_ns):
                return event, published_ns
            self.dropped += 1
        return None

    def __len__(self) -> int:
        """Return how many events wait."""
        return len(self._waiting)

    def _is_skipped(self, event: MarketEvent, age_ns: int) -> bool:
        if isinstance(event, Book):
            self._books[event.symbol] -= 1
            newer = self._books[event.symbol]
            return newer > 0 and (age_ns > STALE_BOOK_NS or newer > MOST_BOOKS)
        if isinstance(event, Trade):
            # The surplus goes from the old end: these are the first that are met here.
            if self._surplus_trades:
                self._surplus_trades -= 1
                return True
            self._trades -= 1
        return False

"""Whether each bot is awake and sees the market: its lease, and the age of its data (pure).

A bot renews its lease from its main loop, naming the newest market event that it has handled per
symbol. All times are monotonic (CLOCK_BOOTTIME) unless said otherwise.
"""

from typing import NamedTuple

from lib.constants import NS_PER_MS, NS_PER_SECOND

LEASE_NS = 1_000 * NS_PER_MS
"""A lease that was not renewed for so long is over."""
GREETING_NS = 5 * NS_PER_SECOND
"""A bot that has said hello may take so long until its first lease: it is still being made."""
LIMIT_NS = 30 * NS_PER_SECOND
"""Age beyond which a book is stale where the config gives no limit."""


class BookTick(NamedTuple):
    """Newest book of one symbol."""

    seen_ns: int
    event_ns: int
    """Exchange's time."""


class Leases:
    """Knows until when each owner may add risk.

    Args:
        limit_ns: Age beyond which a book is stale; 0 = the default.
        now_ns: Time of its making.
        watches_books: False where no market data reaches this process: its age is not judged.
    """

    def __init__(self, limit_ns: int, now_ns: int, *, watches_books: bool = True) -> None:
        """Know nobody."""
        self.watches_books = watches_books
        self._limit_ns = limit_ns or LIMIT_NS
        self._born_ns = now_ns
        self._until: dict[str, tuple[int, int]] = {}
        self._leased: dict[str, int] = {}
        """Owner -> its newest life that has ever renewed its lease."""
        self._books: dict[str, BookTick] = {}

    def greet(self, owner: str, incarnation: int, now_ns: int) -> None:
        """Note that a life has said hello: its first lease may take longer."""
        if self._leased.get(owner) != incarnation:
            self._until[owner] = (incarnation, now_ns + GREETING_NS)

    def renew(self, owner: str, incarnation: int, sent_ns: int) -> None:
        """Note a lease that was sent at a time; the first one ends the grace of the greeting."""
        _, until_ns = self._until.get(owner, (0, 0))
        is_first = self._leased.get(owner) != incarnation
        self._leased[owner] = incarnation
        self._until[owner] = (incarnation, max(sent_ns + LEASE_NS, 0 if is_first else until_ns))

    def on_book(self, symbol: str, event_ns: int, now_ns: int) -> None:
        """Note the newest book of a symbol."""
        self._books[symbol] = BookTick(now_ns, event_ns)

    def lapse(self, owner: str, incarnation: int, now_ns: int) -> str:
        """Return why an owner must not have orders that add risk, "" while its lease holds."""
        held, until_ns = self._until.get(owner, (0, 0))
        if held != incarnation or now_ns > until_ns:
            return "the bot does not renew its lease"
        return ""

    def staleness(self, symbol: str, now_ns: int, *, patient: bool = False) -> str:
        """Return how the book of a symbol is too old, "" when it is not.

        Args:
            symbol: Whose book.
            now_ns: Monotonic time.
            patient: Let the first book take as long as any other one may.
        """
        if not self.watches_books:
            return ""
        book = self._books.get(symbol)
        if book is None and not patient:
            return f"no book of {symbol} yet"
        age_ns = now_ns - (book.seen_ns if book else self._born_ns)
        if age_ns > self._limit_ns:
            return f"the book of {symbol} is {age_ns / NS_PER_SECOND:.1f} s old"
        return ""

    def outdated(self, symbol: str, market_ns: int) -> str:
        """Return how an order rests on data that is too old, "" when it does not.

        Args:
            symbol: Its symbol.
            market_ns: Exchange's time of the newest event that its bot had handled; 0 = none.
        """
        book = self._books.get(symbol)
        if book is None or not market_ns:
            return ""
        behind_ns = book.event_ns - market_ns
        if behind_ns > self._limit_ns:
            return f"it rests on market data that is {behind_ns / NS_PER_SECOND:.1f} s behind"
        return ""

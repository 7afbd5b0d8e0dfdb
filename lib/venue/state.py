"""What all parts of the engine share: markets, accounts, time, numbers and outgoing events."""

from decimal import Decimal
from random import Random
from typing import Any

from lib.constants import NS_PER_MS
from lib.venue.accounts import Account
from lib.venue.agenda import Agenda
from lib.venue.book import Book
from lib.venue.engine_faults import FaultState
from lib.venue.errors import VenueError
from lib.venue.formats import ZERO
from lib.venue.margin import Extra, Summary, summary
from lib.venue.market import MarkPrice
from lib.venue.options import Options
from lib.venue.symbols import SymbolInfo

FIRST_ORDER_ID = 800_000_000_000
FIRST_TRADE_ID = 900_000_000_000
"""Of our fills: beyond every id of the market's own trades."""
FIRST_ALGO_ID = 4_000_001_910_000_000
FIRST_INCOME_ID = 9_689_322_000
FIRST_IDS = {
    "order": FIRST_ORDER_ID,
    "trade": FIRST_TRADE_ID,
    "algo": FIRST_ALGO_ID,
    "income": FIRST_INCOME_ID,
}
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class VenueState:
    """The venue's private side at one time; no I/O, no clock.

    Args:
        symbols: Symbol -> rules; kept, not copied, so that a change is seen by all who share it.
        options: The user's choices.
        seed: Of everything random.
    """

    def __init__(self, symbols: dict[str, SymbolInfo], options: Options, seed: int) -> None:
        """Start without accounts and markets."""
        self.symbols = symbols
        self.options = options
        self.random = Random(seed)
        self.now_ns = 0
        self.agenda = Agenda()
        self.faults = FaultState()
        self.touched: set[str] = set()
        self.books: dict[str, Book] = {}
        self.marks: dict[str, MarkPrice] = {}
        self.last_prices: dict[str, Decimal] = {}
        self.accounts: dict[str, Account] = {}
        self.user_events: list[tuple[str, dict[str, Any]]] = []
        self.market_events: list[dict[str, Any]] = []
        self.numbers = {**FIRST_IDS, "amendment": 0, "sequence": 0, "step": 0}

    @property
    def now_ms(self) -> int:
        """Time in whole milliseconds."""
        return self.now_ns // NS_PER_MS

    def number(self, kind: str) -> int:
        """Return the next number of a kind (`order`, `trade`, `algo`, `income`, …)."""
        self.numbers[kind] += 1
        return self.numbers[kind]

    def skip_numbers(self, count: int) -> None:
        """Go on from `count` beyond the first number of each kind, if that is not passed yet."""
        for kind, first in FIRST_IDS.items():
            self.numbers[kind] = max(self.numbers[kind], first + count)

    def letters(self, count: int = 22) -> str:
        """Return random letters, as the exchange makes ids that a client left out."""
        return "".join(self.random.choices(ID_LETTERS, k=count))

    def info(self, symbol: str) -> SymbolInfo:
        """Return a symbol's rules.

        Raises:
            VenueError: -1121, it is not listed.
        """
        info = self.symbols.get(symbol)
        if info is None:
            raise VenueError(-1121)
        return info

    def book(self, symbol: str) -> Book:
        """Return a symbol's market book, an empty one before its first event."""
        book = self.books.get(symbol)
        if book is None:
            info = self.symbols[symbol]
            book = self.books[symbol] = Book(info.tick, self.options.deep_levels)
        return book

    def mark(self, symbol: str) -> Decimal:
        """Return the mark price, else the middle of the book, else the last trade, else 0."""
        mark = self.marks.get(symbol)
        if mark is not None:
            return mark.mark
        book = self.books.get(symbol)
        middle = book.middle() if book is not None else None
        return middle if middle is not None else self.last_prices.get(symbol, ZERO)

    def last(self, symbol: str) -> Decimal:
        """Return the last traded price, else the mark price."""
        price = self.last_prices.get(symbol)
        return price if price is not None else self.mark(symbol)

    def asset(self, symbol: str) -> str:
        """Return a symbol's margin asset."""
        return self.symbols[symbol].margin_asset

    def summary(self, account: Account, asset: str, extra: Extra | None = None) -> Summary:
        """Return an account's margins in one asset."""
        return summary(account, asset, self.asset, self.mark, extra)

    def emit(self, account: Account, event: dict[str, Any]) -> None:
        """Queue a user-data event."""
        self.touched.add(account.name)
        self.user_events.append((account.name, event))

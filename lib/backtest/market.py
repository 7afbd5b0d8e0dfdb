"""One symbol of a backtest: its newest quote, its candles, and what the engine need not see."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lib.backtest.minutes import Minutes
from lib.backtest.orders import OwnOrder
from lib.models import ZERO, Rules
from lib.venue.market import Print, Quote
from lib.venue.symbols import SymbolInfo

EVERYTHING = Decimal("Infinity")
NOTHING = -EVERYTHING


class Market:
    """State of one symbol.

    While only quotes are known of a book, a quote or a trade that stays above every own bid and
    below every own ask changes nothing in the matching core: a quote replaces the whole book, and
    an order deeper than the best price waits behind what nobody sees. Where levels are known, the
    same holds for quotes that leave both best prices as they are. Of such events the newest is
    kept, and shown to the core before anything else happens to the symbol.

    Args:
        rules: The venue's rules of the symbol.
        minutes: Its candles.
    """

    __slots__ = (
        "asks_from",
        "bids_to",
        "book_ns",
        "books",
        "candles",
        "growing",
        "has_depth",
        "has_marks",
        "mark",
        "mark_ns",
        "minutes",
        "pending_print",
        "pending_quote",
        "quote",
        "resting",
        "rules",
        "symbol",
        "trades",
        "venue_rules",
        "watched",
    )

    def __init__(self, rules: SymbolInfo, minutes: Minutes) -> None:
        """Know no price."""
        self.symbol = rules.symbol
        self.venue_rules = rules
        self.rules = _rules(rules)
        self.minutes = minutes
        self.quote: Quote | None = None
        self.book_ns = 0
        self.mark = ZERO
        self.mark_ns = 0
        self.has_depth = False
        self.has_marks = False
        self.resting: dict[str, OwnOrder] = {}
        """Own orders that the matching core has, by client id."""
        self.bids_to = EVERYTHING
        """Quotes and trades at or below it must be seen by the core."""
        self.asks_from = NOTHING
        """Quotes and trades at or above it must be seen by the core."""
        self.watched = True
        """Whether some quote or trade might matter to the core now."""
        self.pending_quote: Quote | None = None
        self.pending_print: Print | None = None
        self.books: list[Callable[..., None]] = []
        self.trades: list[Callable[..., None]] = []
        self.candles: list[Callable[..., None]] = []
        self.growing: list[Callable[..., None]] = []

    def look(self) -> None:
        """Work out which quotes and trades matter to the own orders."""
        self.watched = bool(self.resting) or self.has_depth or not self.mark_ns
        if not self.mark_ns or self._has_conditional():
            self.bids_to, self.asks_from = EVERYTHING, NOTHING
            return
        bids = [order.price for order in self.resting.values() if order.is_buy]
        asks = [order.price for order in self.resting.values() if not order.is_buy]
        self.bids_to = max(bids, default=NOTHING)
        self.asks_from = min(asks, default=EVERYTHING)

    def is_moved(self, quote: Quote, before: Quote | None) -> bool:
        """Return whether a quote changes more of a book with depth than its best quantities."""
        if not self.has_depth:
            return False
        return before is None or quote.bid != before.bid or quote.ask != before.ask

    def mid(self) -> Decimal:
        """Return the middle of the newest quote, 0 before the first."""
        quote = self.quote
        return (quote.bid + quote.ask) / 2 if quote is not None else ZERO

    def _has_conditional(self) -> bool:
        return any(order.is_conditional for order in self.resting.values())


def _rules(rules: SymbolInfo) -> Rules:
    values: dict[str, Any] = {
        name: _short(getattr(rules, name))
        for name in (
            "tick", "step", "min_qty", "max_qty", "market_max_qty", "min_notional", "min_price",
            "max_price",
        )
    }  # fmt: skip
    return Rules(symbol=rules.symbol, quote_asset=rules.margin_asset, **values)


def _short(value: Decimal) -> Decimal:
    # As the live adapter has them: without the exchange's padding.
    return value.normalize() if value else ZERO

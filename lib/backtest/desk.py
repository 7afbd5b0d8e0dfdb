"""One bot's side of the account in a backtest: what it was told, and what it asks for (pure)."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from lib.backtest.market import Market
from lib.backtest.orders import OwnOrder
from lib.constants import Side
from lib.exchange.preparing import prepare
from lib.models import ZERO, Order, Update
from lib.oms.ids import ClientIds
from lib.venue.market import Quote


class Seen(NamedTuple):
    """The newest book that has reached a bot, and when it did."""

    quote: Quote | None
    book_ns: int


class Wire(Protocol):
    """What a desk needs of the run: the way to the exchange, and time."""

    @property
    def is_measured(self) -> bool:
        """Whether the market's news come late by measured rows, not by the run's clock."""

    def late(self, kind: str, way: str, handler: Callable[..., None]) -> Callable[..., None]:
        """Return what calls a bot's handler as late as the market's news were measured to be."""

    def now_ns(self) -> int:
        """Return the bots' clock."""

    def post(self, orders: list[OwnOrder]) -> None:
        """Send new orders on their way, as one batch."""

    def cancel(self, orders: list[OwnOrder]) -> None:
        """Send cancels on their way."""

    def wait_reply(self, order: OwnOrder) -> None:
        """Let the exchange go on, calling no handler, until the reply about an order is back."""

    def available(self, asset: str) -> Decimal:
        """Return the margin that is free for new orders."""

    def wallet(self) -> tuple[Decimal, int]:
        """Return (wallet balance, time of its last change) as the bots know it."""


class Desk:
    """What one bot knows of its account.

    Args:
        project: Name of the run.
        owner: `<bot name>:<SYMBOL>`.
        market: Of its own symbol.
        wire: The way to the exchange.
        book_limit_ns: Age beyond which the own symbol's book is stale, 0 for no limit.
    """

    def __init__(
        self, project: str, owner: str, market: Market, wire: Wire, book_limit_ns: int
    ) -> None:
        """Own nothing yet."""
        self.owner = owner
        self.market = market
        self.wire = wire
        self.seen: Market | Seen = market
        """What the bot knows of the book: the market itself where all clocks are equally late."""
        self.position: tuple[Decimal, Decimal, int] = (ZERO, ZERO, 0)
        """Entry price, signed quantity, time of the last change."""
        self._ids = ClientIds(project, owner)
        self._open: dict[str, OwnOrder] = {}
        self._book_limit_ns = book_limit_ns

    def trouble(self) -> str:
        """Return why new risk should not be added, empty when all is well."""
        if not self.seen.book_ns:
            return "no book yet"
        age_ns = self.wire.now_ns() - self.seen.book_ns
        return "book is stale" if 0 < self._book_limit_ns < age_ns else ""

    def stale_ns(self) -> int:
        """Return from when on the book that is known now will be stale, 0 for never."""
        return self.seen.book_ns and self._book_limit_ns and self.seen.book_ns + self._book_limit_ns

    def seeing(self, handler: Callable[..., None] | None) -> Callable[..., None]:
        """Return an `onOrderbook` that notes what reaches the bot, then calls the bot's own."""
        self.seen = Seen(self.market.quote, self.market.book_ns)

        def see(*values: Any) -> None:
            ask, ask_qty, bid, bid_qty, symbol, _, time_ns, _ = values
            quote = Quote(symbol, bid, bid_qty, ask, ask_qty, 0, time_ns)
            self.seen = Seen(quote, self.wire.now_ns())
            if handler is not None:
                handler(*values)

        return see

    def tell(self, order: OwnOrder, update: Update) -> None:
        """Take in an order's news, as they reach the bot."""
        order.told = update
        if update.status.is_final:
            self._open.pop(order.id, None)

    def open_orders(self) -> list[Update]:
        """Return the newest known state of every own order that is not final, oldest first."""
        return [order.told for order in self._open.values() if order.told is not None]

    def post(self, wanted: list[Order]) -> list[OwnOrder]:
        """Round, check and send orders; return them.

        Raises:
            OrderRejected: One is outside the product's limits; nothing is sent then.
        """
        orders = [self._make(order) for order in wanted]
        for order in orders:
            order.told = order.update(order.posted_ns)
            self._open[order.id] = order
        if orders:
            self.wire.post(orders)
        return orders

    def cancel(self, ids: Iterable[str] | None) -> None:
        """Wish orders gone, None for all own ones."""
        names = list(self._open) if ids is None else ids
        known = [self._open[name] for name in names if name in self._open]
        orders = [order for order in known if not order.cancel_wanted]
        for order in orders:
            order.cancel_wanted = True
        if orders:
            self.wire.cancel(orders)

    def _make(self, order: Order) -> OwnOrder:
        rules = self.market.rules
        side, kind, qty, price = prepare(rules, order, self._touch)
        now_ns = self.wire.now_ns()
        return OwnOrder(
            id=self._ids.next(now_ns),
            owner=self.owner,
            symbol=rules.symbol,
            side=side,
            type=kind,
            price=price,
            qty=qty,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            tag=order.tag,
            posted_ns=now_ns,
            arrives_ns=now_ns,
        )

    def _touch(self, side: Side) -> Decimal:
        quote = self.seen.quote
        if quote is None:
            return ZERO
        return quote.ask if side is Side.BUY else quote.bid

"""Has a say before new risk goes out, and says whose orders must go.

Gathers what `lib.oms` judges by: limits, latches, leases, the day's result, the market's prices.
Cancels and what only reduces never come here.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from lib.bus.protocol import Book, OrderIntent, OrderUpdate
from lib.constants import NS_PER_SECOND
from lib.exchange.binance.admission import Ticket
from lib.helpers import decimal
from lib.journal.abstract_journal import Journal
from lib.logger import AbstractLogger
from lib.models import ZERO
from lib.oms.account import AccountBook
from lib.oms.blocks import Blocks
from lib.oms.day import Day, Holding
from lib.oms.exits import Exits
from lib.oms.ids import split_owner
from lib.oms.latches import Latches
from lib.oms.leases import Leases
from lib.oms.limits import RiskLimits
from lib.oms.lives import Lives
from lib.oms.orders import Orders
from lib.oms.risk import EVERYONE, NO_QUOTE, Quote, Risk
from lib.oms.states import WORKING
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

QUOTE_NS = 3 * NS_PER_SECOND
"""Age at which a price that no market feed renews is asked for again."""


class Warden:
    """See the module.

    Args:
        config: The exchange's section: `risk`, `owners`.
        facts: The journal's facts.
        orders: Belief about all orders.
        lives: Who may act.
        book: Positions.
        leases: Who is awake; None where bots have no leases (a script of its own).
        journal: Keeps latches and the day's start.
        timer: The process's timer.
        log: Where halts are told.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        facts: Mapping[str, Any],
        orders: Orders,
        lives: Lives,
        book: AccountBook,
        leases: Leases | None,
        journal: Journal,
        timer: AbstractTimer,
        log: AbstractLogger,
    ) -> None:
        """Go on with what the journal knows."""
        self.latches = Latches(facts)
        self.leases = leases
        self.quotes: dict[str, Quote] = {}
        self.blocks = Blocks()
        self.exits = Exits()
        self.stale: dict[str, str] = {}
        """Symbol -> how its book is stale, as the supervisor says."""
        self.is_settled: Callable[[], bool] = lambda: True
        """Whether what is known of the account is whole: no gap, no deaf stream."""
        self._limits = RiskLimits(config.get("risk") or {})
        self._risk = Risk(self._limits, orders)
        self._day = Day(facts)
        self._orders = orders
        self._lives = lives
        self._book = book
        self._owners: list[str] = list(config.get("owners", ()))
        self._journal = journal
        self._timer = timer
        self._log = log
        self._quoted_ns: dict[str, int] = {}

    def learn(self, config: Mapping[str, Any]) -> None:
        """Go by other limits and owners from now on."""
        self._limits.learn(config.get("risk") or {})
        self._owners = list(config["owners"])

    # --- before an order goes out

    def refusal(self, ticket: Ticket, intent: OrderIntent) -> str:
        """Return why an order may not add risk now, "" when it may."""
        symbol = intent.symbol
        reason = (
            self.latches.reason(ticket.owner, self._timer.Timestamp())
            or self.blocks.reason(EVERYONE)
            or self.blocks.reason(symbol)
            or self.stale.get(symbol, "")
        )
        if reason or self.leases is None:
            return reason
        now_ns = self._timer.Monotonic()
        return (
            self.leases.lapse(ticket.owner, ticket.incarnation, now_ns)
            or self.leases.staleness(symbol, now_ns)
            or self.leases.outdated(symbol, intent.market_ns)
        )

    def risk(self, order: Tracked) -> str:
        """Return how a followed order passes a limit, "" when it keeps them all."""
        symbols = {order.symbol, *self._book.symbols()}
        positions = {symbol: self._book.possible(symbol) for symbol in symbols}
        quotes = self.quotes
        for symbol in symbols - quotes.keys() - {order.symbol}:
            # held by others, or without a book yet: not worth nothing to the account's limit
            if price := self._book.entry_price(symbol):
                quotes = {**quotes, symbol: Quote(price, price)}
        return self._risk.check(order, positions, quotes, self._timer.Monotonic())

    def wants_quote(self, symbol: str) -> bool:
        """Return whether a price is to be asked for: no feed brings it."""
        if self.leases is not None and self.leases.watches_books:
            return False
        return self._timer.Monotonic() - self._quoted_ns.get(symbol, -QUOTE_NS) >= QUOTE_NS

    # --- what happens

    def on_book(self, book: Book, published_ns: int) -> None:
        """Take in a book of the market feed; it is as old as its publication on this host."""
        age_ns = max(0, self._timer.Timestamp() - published_ns)
        if self.leases is not None:
            seen_ns = self._timer.Monotonic() - age_ns
            self.leases.on_book(book.symbol, book.event_ns, seen_ns)
        self.on_quote(book.symbol, decimal(book.bid_price), decimal(book.ask_price), age_ns)

    def on_quote(self, symbol: str, bid: Decimal, ask: Decimal, age_ns: int = 0) -> None:
        """Take in best prices."""
        self.quotes[symbol] = Quote(bid, ask)
        self._quoted_ns[symbol] = self._timer.Monotonic() - age_ns

    def on_fill(self, update: OrderUpdate) -> None:
        """Count a fill."""
        self._day.on_fill(update)
        self._book.on_fill(update)
        if update.reduce_only:
            self.exits.passed(update.owner)

    def on_refused(self, owner: str) -> None:
        """Count an order that was refused for a bot's fault; one too many pauses it."""
        allowed = self._limits.of(owner).max_refusals
        row = self.latches.on_refused(owner, allowed, self._timer.Timestamp())
        if row is not None:
            self._journal.put([row])
            self._log.warning("paused: too many refused orders", owner=owner)

    def on_past_fill(self, update: OrderUpdate) -> None:
        """Count a fill of a former life of the process: positions have it already."""
        self._day.on_fill(update)

    # --- what follows

    def lapsed(self) -> list[tuple[str, str]]:
        """Return (owner, reason) of the living bots whose risk-adding orders must go now."""
        if self.leases is None:
            return []
        now_ns = self._timer.Monotonic()
        found = []
        for owner in self._lives.owners():
            life = self._lives.alive(owner) or 0
            symbol = split_owner(owner)[1]
            reason = self.leases.lapse(owner, life, now_ns)
            reason = reason or self.leases.staleness(symbol, now_ns, patient=True)
            if reason:
                found.append((owner, reason))
        return found

    def stuck_exits(self) -> list[str]:
        """Return in words whose positions cannot be left, each trouble once."""
        return self.exits.due(self._is_out, self._timer.Monotonic())

    def check_day(self, now_ns: int) -> list[str]:
        """Compare the day's results with the limits; return the owners that were halted by it.

        Args:
            now_ns: Exchange's time.
        """
        prices = {owner: self._price(owner) for owner in self._owners}
        held = self._sure_positions() if self.is_settled() else {}
        begun = self._day.begin(now_ns, prices, held)
        for owner in self._day.adopt(now_ns, prices, held):
            self._log.warning("position was changed by others", owner=owner, qty=held[owner].qty)
        changed = [row for row in (begun, self._day.running()) if row is not None]
        if changed:
            self._journal.put(changed)
        results = {owner: self._day.result(owner, price) for owner, price in prices.items()}
        halted = [
            owner
            for owner, result in results.items()
            if _is_lost(result, self._limits.of(owner).max_daily_loss_usd)
        ]
        if _is_lost(sum(results.values(), ZERO), self._limits.account.max_daily_loss_usd):
            halted.append(EVERYONE)
        return self.halt(halted, "daily loss")

    def halt(self, owners: list[str], reason: str) -> list[str]:
        """Latch owners (`*` = everyone); return those that were not latched before."""
        new = [owner for owner in owners if owner not in self.latches.halts]
        row = self.latches.halt(owners, reason)
        if row is not None:
            self._journal.put([row])
            self._log.warning("halted", owners=new, reason=reason)
        return new

    def resume(self, owners: list[str] | None) -> None:
        """Open the latches of owners, or of all."""
        self._journal.put(self.latches.resume(owners))
        self._log.info("resumed", owners=owners or EVERYONE)

    def _is_out(self, owner: str) -> bool:
        return self._book.is_flat(split_owner(owner)[1]) or any(
            order.reduce_only and not order.is_stop and order.status in WORKING
            for order in self._orders.open_orders(owner)
        )

    def _price(self, owner: str) -> Decimal:
        return self.quotes.get(split_owner(owner)[1], NO_QUOTE).middle

    def _sure_positions(self) -> dict[str, Holding]:
        # without those that two reads disagree on, or that a fill under way will have changed
        found = {}
        for owner in self._owners:
            symbol = split_owner(owner)[1]
            lacking = any(order.lacks_fills for order in self._orders.open_orders(owner))
            if len(set(self._book.possible(symbol))) == 1 and not lacking:
                told = self._book.position(symbol)
                found[owner] = Holding(decimal(told.qty), told.event_ns)
        return found


def _is_lost(result: Decimal, limit: Decimal) -> bool:
    return bool(limit) and -result >= limit

"""The venue's pure core: private requests and market events in, answers and events out."""

from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_MS
from lib.venue.accounts import Account, Income
from lib.venue.algo_entry import AlgoEntry
from lib.venue.dead_man import DeadMan
from lib.venue.errors import HTTP_OK, VenueError
from lib.venue.fault_actions import FaultActions
from lib.venue.forced_trades import ForcedTrades
from lib.venue.funding import Funding
from lib.venue.ledger import ledger
from lib.venue.lifecycle import Lifecycle
from lib.venue.market import Level, Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.matching import Matcher
from lib.venue.options import Options
from lib.venue.order_changes import OrderChanges
from lib.venue.order_entry import OrderEntry
from lib.venue.orders import VenueOrder
from lib.venue.params import Params
from lib.venue.persistence import Saved, restore, save
from lib.venue.positions import Position
from lib.venue.private_routes import PrivateRoutes
from lib.venue.routes import Routes
from lib.venue.solvency import Solvency
from lib.venue.state import VenueState
from lib.venue.symbols import SymbolInfo
from lib.venue.triggers import Triggers

__all__ = ["Engine", "Options"]


class Engine:
    """Everything of the exchange that belongs to an account; no I/O and no clock.

    The caller brings the time; it never runs backwards in here. Same calls, same seed: same
    results.

    Args:
        symbols: Symbol -> rules; shared, so that changed rules are seen by the caller, too.
        options: The user's choices.
        seed: Of everything random.
    """

    def __init__(self, symbols: dict[str, SymbolInfo], options: Options, seed: int = 1) -> None:
        """Start without accounts and markets."""
        self._state = VenueState(symbols, options, seed)
        self._matchers: dict[str, Matcher] = {}
        self._lifecycle = Lifecycle(self._state)
        self._lifecycle.on_closed(self._forget)
        self._routes = Routes()
        state, lifecycle = self._state, self._lifecycle
        entry = OrderEntry(state, lifecycle, self._matcher)
        changes = OrderChanges(state, lifecycle, self._matcher, entry)
        forced = ForcedTrades(state, lifecycle)
        self._triggers = Triggers(state, lifecycle, entry)
        self._funding = Funding(state)
        self._solvency = Solvency(state, lifecycle, forced)
        self._faults = FaultActions(state, lifecycle, entry, self._triggers, self._solvency, forced)
        lifecycle.on_moved(self._on_position)
        table = PrivateRoutes(state, self._routes)
        table.add_orders(entry, changes, DeadMan(state, lifecycle, self._triggers))
        table.add_algos(AlgoEntry(state, self._triggers))
        table.add_account()
        table.add_settings()

    def skip_numbers(self, count: int) -> None:
        """Leave out ids that an earlier venue at the same place may have given."""
        self._state.skip_numbers(count)

    def open_account(self, name: str, balances: dict[str, Decimal], now_ns: int) -> None:
        """Open an account with a deposit (asset -> amount)."""
        self._tick(now_ns)
        account = Account(name, {}, self._state.options, now_ns)
        self._state.accounts[name] = account
        for asset, deposit in balances.items():
            account.wallets[asset] = Decimal(0)
            number = self._state.number("income")
            account.pay(Income("", "TRANSFER", deposit, asset, self._state.now_ns, number))
        account.deposits = dict(balances)

    def request(
        self, account: str, method: str, path: str, params: dict[str, str], now_ns: int
    ) -> tuple[int, Any] | None:
        """Answer one private REST call that is already authenticated.

        Args:
            account: Who calls.
            method: `GET`, `POST`, `PUT`, `DELETE`.
            path: `/fapi/v1/order` …
            params: Decoded parameters; envelope ones (signature, timestamp, …) are ignored.
            now_ns: Time of the call.

        Returns:
            (HTTP status, JSON-ready body), None for an unknown path.
        """
        route = self._routes.find(method, path)
        if route is None:
            return None
        self.advance(now_ns)
        request = Params(params)
        try:
            if self._state.options.strict_parameters:
                request.check_names(route.names)
            body = route.handler(self._state.accounts[account], request)
        except VenueError as error:
            return error.status, error.body()
        finally:
            self._remember()
        return HTTP_OK, body

    def on_market(self, event: MarketEvent) -> None:
        """Take one market event: moves the book, fills resting orders, triggers, liquidates."""
        if event.symbol not in self._state.symbols:
            return
        self.advance(event.time_ns)
        symbol = event.symbol
        match event:
            case Quote():
                self._state.book(symbol).quote(event)
                self._on_book(symbol)
            case Levels():
                self._state.book(symbol).change(event)
                self._on_book(symbol)
            case Print():
                self._state.last_prices[symbol] = event.price
                matcher = self._matchers.get(symbol)
                if matcher is not None:
                    matcher.on_print(event)
            case MarkPrice():
                self._state.marks[symbol] = event
                self._funding.on_mark(event)
                self._solvency.on_mark(symbol)
        self._triggers.on_price(symbol)
        self._remember()

    def advance(self, now_ns: int) -> None:
        """Do what is due by `now_ns`, each at its own time."""
        while (due := self._state.agenda.pop(now_ns)) is not None:
            self._tick(due[0])
            due[1]()
            self._remember()
        self._tick(now_ns)

    def deadline(self) -> int | None:
        """Return when the next thing is due, in ns; None while nothing is."""
        return self._state.agenda.deadline()

    def take_events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the (account, user-data event) pairs since the last call, in order."""
        events, self._state.user_events = self._state.user_events, []
        return events

    def take_market_events(self) -> list[dict[str, Any]]:
        """Return the market events that the engine caused (forceOrder) since the last call."""
        events, self._state.market_events = self._state.market_events, []
        return events

    def depth(self, symbol: str) -> tuple[list[Level], list[Level], int]:
        """Return the market's (bids, asks, last update id), best first, without own orders."""
        book = self._state.book(symbol)
        return list(book.levels(is_bid=True)), list(book.levels(is_bid=False)), book.last_id

    def fault(self, name: str, **args: Any) -> None:
        """Turn a fault on; `lib.venue.fault_actions.FAULTS` lists names and arguments.

        Raises:
            ValueError: There is no such fault, or its arguments are wrong.
        """
        self._faults.run(name, args)
        self._remember()

    def ledger(self, account: str | None = None) -> dict[str, Any]:
        """Return the truth about one account or all: JSON-ready, decimals as strings."""
        names = [account] if account is not None else list(self._state.accounts)
        return ledger(self._state, names)

    def save(self) -> Saved:
        """Return the accounts, to be restored in another life."""
        return save(self._state)

    def restore(self, saved: Saved, now_ns: int) -> None:
        """Go on with saved accounts, in a fresh engine whose market plays already.

        Resting orders are queued anew. A dead-man countdown that was armed has run out meanwhile.
        """
        self._tick(now_ns)
        for order in restore(self._state, saved):
            self._matcher(order.symbol).rest(order)
            if order.good_till_ms:
                self._expire_at(order, order.good_till_ms * NS_PER_MS)
        for each in saved.accounts:
            account = self._state.accounts[each.name]
            for symbol in each.countdowns:
                for order in account.orders.open(symbol):
                    self._lifecycle.cancel(order)
            for algo in account.algos.all():
                self._triggers.resume(algo)

    def _expire_at(self, order: VenueOrder, due_ns: int) -> None:
        self._state.agenda.add(due_ns, lambda: self._lifecycle.expire(order, "0"))

    def _tick(self, now_ns: int) -> None:
        self._state.now_ns = max(self._state.now_ns, now_ns)

    def _on_book(self, symbol: str) -> None:
        matcher = self._matchers.get(symbol)
        if matcher is not None:
            matcher.on_book()
        if symbol not in self._state.marks:
            self._solvency.on_mark(symbol)

    def _on_position(self, account: Account, position: Position) -> None:
        if not position.qty:
            self._triggers.on_flat(account, position.symbol, position.side)

    def _remember(self) -> None:
        # While reads lag, every change of an account leaves a copy of it.
        faults = self._state.faults
        if faults.lag is not None and self._state.now_ns >= faults.lag.until_ns:
            faults.lag = None
        lag = faults.lag
        if lag is not None:
            for name in sorted(self._state.touched):
                lag.remember(self._state.accounts[name], self._state.now_ns)
        self._state.touched.clear()

    def _matcher(self, symbol: str) -> Matcher:
        matcher = self._matchers.get(symbol)
        if matcher is None:
            matcher = self._matchers[symbol] = Matcher(self._state, self._lifecycle, symbol)
        return matcher

    def _forget(self, order: VenueOrder) -> None:
        self._matcher(order.symbol).remove(order)

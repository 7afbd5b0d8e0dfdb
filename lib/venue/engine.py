"""The venue's pure core: private requests and market events in, answers and events out."""

from decimal import Decimal
from typing import Any

from lib.venue.account_reads import AccountReads
from lib.venue.accounts import Account, Income
from lib.venue.dead_man import DeadMan
from lib.venue.errors import HTTP_OK, VenueError
from lib.venue.ledger import ledger
from lib.venue.lifecycle import Lifecycle
from lib.venue.market import Level, Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.matching import Matcher
from lib.venue.options import Options
from lib.venue.order_changes import OrderChanges
from lib.venue.order_entry import OrderEntry
from lib.venue.order_reads import OrderReads
from lib.venue.order_request import PLACE_PARAMS
from lib.venue.orders import VenueOrder
from lib.venue.params import Params
from lib.venue.routes import Routes
from lib.venue.settings import AccountSettings
from lib.venue.state import VenueState
from lib.venue.symbols import SymbolInfo

__all__ = ["Engine", "Options"]

ORDER_KEYS = "symbol orderId origClientOrderId"
WINDOW = "symbol startTime endTime limit"


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
        entry = OrderEntry(self._state, self._lifecycle, self._matcher)
        changes = OrderChanges(self._state, self._lifecycle, self._matcher, entry)
        self._add_order_routes(entry, changes)
        self._add_account_routes()

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
            return HTTP_OK, route.handler(self._state.accounts[account], request)
        except VenueError as error:
            return error.status, error.body()

    def on_market(self, event: MarketEvent) -> None:
        """Take one market event: moves the book, fills resting orders, triggers, liquidates."""
        if event.symbol not in self._state.symbols:
            return
        self.advance(event.time_ns)
        match event:
            case Quote():
                self._state.book(event.symbol).quote(event)
                self._on_book(event.symbol)
            case Levels():
                self._state.book(event.symbol).change(event)
                self._on_book(event.symbol)
            case Print():
                self._state.last_prices[event.symbol] = event.price
                matcher = self._matchers.get(event.symbol)
                if matcher is not None:
                    matcher.on_print(event)
            case MarkPrice():
                self._state.marks[event.symbol] = event

    def advance(self, now_ns: int) -> None:
        """Do what is due by `now_ns`, each at its own time."""
        while (due := self._state.agenda.pop(now_ns)) is not None:
            self._tick(due[0])
            due[1]()
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
        return list(book.levels(True)), list(book.levels(False)), book.last_id

    def ledger(self, account: str | None = None) -> dict[str, Any]:
        """Return the truth about one account or all: JSON-ready, decimals as strings."""
        names = [account] if account is not None else list(self._state.accounts)
        return ledger(self._state, names)

    def _tick(self, now_ns: int) -> None:
        self._state.now_ns = max(self._state.now_ns, now_ns)

    def _on_book(self, symbol: str) -> None:
        matcher = self._matchers.get(symbol)
        if matcher is not None:
            matcher.on_book()

    def _matcher(self, symbol: str) -> Matcher:
        matcher = self._matchers.get(symbol)
        if matcher is None:
            matcher = self._matchers[symbol] = Matcher(self._state, self._lifecycle, symbol)
        return matcher

    def _forget(self, order: VenueOrder) -> None:
        self._matcher(order.symbol).remove(order)

    def _add_order_routes(self, entry: OrderEntry, changes: OrderChanges) -> None:
        reads = OrderReads(self._state)
        dead_man = DeadMan(self._state, self._lifecycle)
        add = self._routes.add
        add("POST /v1/order", entry.place, PLACE_PARAMS)
        add("POST /v1/order/test", entry.test, PLACE_PARAMS)
        add(
            "PUT /v1/order",
            changes.modify,
            f"{ORDER_KEYS} side quantity price priceMatch modifyId reduceOnly",
        )
        add("DELETE /v1/order", changes.cancel, ORDER_KEYS)
        add("DELETE /v1/allOpenOrders", changes.cancel_all, "symbol")
        add("POST /v1/countdownCancelAll", dead_man.arm, "symbol countdownTime")
        add("GET /v1/order", reads.order, ORDER_KEYS)
        add("GET /v1/openOrder", reads.open_order, ORDER_KEYS)
        add("GET /v1/openOrders", reads.open_orders, "symbol")
        add("GET /v1/allOrders", reads.all_orders, f"{WINDOW} orderId")
        add("GET /v1/userTrades", reads.user_trades, f"{WINDOW} orderId fromId")
        add("GET /v1/orderAmendment", reads.amendments, f"{WINDOW} {ORDER_KEYS}")
        add("GET /v1/forceOrders", reads.forced, f"{WINDOW} autoCloseType")

    def _add_account_routes(self) -> None:
        reads = AccountReads(self._state)
        settings = AccountSettings(self._state)
        add = self._routes.add
        for version in ("v2", "v3"):
            add(f"GET /{version}/balance", reads.balance)
        add("GET /v2/account", reads.account_v2)
        add("GET /v3/account", reads.account_v3)
        add("GET /v2/positionRisk", reads.risk_v2, "symbol")
        add("GET /v3/positionRisk", reads.risk_v3, "symbol")
        add("GET /v1/accountConfig", reads.config)
        add("GET /v1/symbolConfig", reads.symbol_config, "symbol")
        add("GET /v1/leverageBracket", reads.brackets, "symbol")
        add("GET /v1/commissionRate", reads.commission, "symbol")
        add("GET /v1/income", reads.income, f"{WINDOW} incomeType")
        add("GET /v1/adlQuantile", reads.adl, "symbol")
        add("GET /v1/rateLimit/order", reads.order_limits)
        add("POST /v1/leverage", settings.leverage, "symbol leverage")
        add("POST /v1/marginType", settings.margin_type, "symbol marginType")
        add("POST /v1/positionMargin", settings.position_margin, "symbol amount type positionSide")
        add("GET /v1/positionSide/dual", settings.get_mode)
        add("POST /v1/positionSide/dual", settings.set_mode, "dualSidePosition")
        add("GET /v1/multiAssetsMargin", settings.get_multi_assets)
        add("POST /v1/multiAssetsMargin", settings.set_multi_assets, "multiAssetsMargin")
        add("GET /v1/feeBurn", settings.get_fee_burn)
        add("POST /v1/feeBurn", settings.set_fee_burn, "feeBurn")

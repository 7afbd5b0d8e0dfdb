"""Placement of regular orders: the rules, then the book."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from lib.venue.accounts import Account
from lib.venue.brackets import cap
from lib.venue.errors import VenueError
from lib.venue.filters import check_notional, check_percent, check_price, check_quantity
from lib.venue.formats import ZERO
from lib.venue.lifecycle import Lifecycle
from lib.venue.margin import Extra, symbol_margin
from lib.venue.matching import Matcher
from lib.venue.order_request import OrderRequest, matched_price, parse_order
from lib.venue.orders import VenueOrder
from lib.venue.params import Params
from lib.venue.private_wire import order_answer, test_answer
from lib.venue.state import VenueState
from lib.venue.symbols import SymbolInfo

POST_ONLY = ("GTX", "RPI")


class OrderEntry:
    """Checks placements in the exchange's order of checks and hands them to the matcher.

    Args:
        state: The venue.
        lifecycle: Changes orders.
        matchers: Symbol -> its matcher.
    """

    def __init__(
        self, state: VenueState, lifecycle: Lifecycle, matchers: Callable[[str], Matcher]
    ) -> None:
        """Keep the parts."""
        self._state = state
        self._lifecycle = lifecycle
        self._matchers = matchers

    def place(self, account: Account, params: Params) -> dict[str, Any]:
        """Place an order as `POST /fapi/v1/order` does; returns the answer's body."""
        delay_ns = self._state.faults.take_late()
        if delay_ns is not None:
            due_ns = self._state.now_ns + delay_ns
            self._state.agenda.add(due_ns, lambda: self._place_late(account, params))
            raise VenueError(self._state.faults.late_code)
        request = parse_order(self._state, params)
        order = self.check(account, request)
        self._lifecycle.accept(order)
        answer = order_answer(order, request.info)
        delay_ns = self._state.options.order_latency_ns
        if delay_ns:
            self._state.agenda.add(self._state.now_ns + delay_ns, lambda: self._arrive(order))
            return answer
        self.enter(order)
        return order_answer(order, request.info) if request.wants_result else answer

    def test(self, account: Account, params: Params) -> dict[str, Any]:
        """Check an order without placing it."""
        request = parse_order(self._state, params)
        return test_answer(self.check(account, request), request.info)

    def check(self, account: Account, request: OrderRequest) -> VenueOrder:
        """Apply every rule; returns the order, not yet accepted.

        Raises:
            VenueError: The exchange's refusal.
        """
        info = request.info
        if account.in_liquidation:
            raise VenueError(-2023)
        if request.price is not None and request.price_match != "NONE":
            request.price = matched_price(
                self._state, info.symbol, request.is_buy, request.price_match
            )
        mark = self._state.mark(info.symbol)
        _check_filters(request, mark)
        self._check_mode(account, request)
        qty = self._reducible(account, request)
        price = request.price if request.price is not None else mark
        if price and not request.reduce_only and not request.close_position:
            check_notional(info, price * request.qty)
        if len(account.orders.open(info.symbol)) >= info.max_orders:
            raise VenueError(-2025)
        if not self._reduces(account, request):
            self._check_margin(account, request, price, mark)
        if request.client_id and account.orders.with_client_id(request.client_id):
            raise VenueError(-4116)
        order = self._order(account, request, qty)
        self._check_book(order, info, mark)
        return order

    def enter(self, order: VenueOrder) -> None:
        """Match an accepted order and rest, or expire, what is left."""
        if not order.is_open:
            return
        matcher = self._matchers(order.symbol)
        self._lifecycle.fit_entry(order)
        matcher.take(order, self._limit(order))
        self._lifecycle.announce(order)
        self._keep(order, matcher)

    def _keep(self, order: VenueOrder, matcher: Matcher) -> None:
        if not order.is_open:
            return
        if order.type == "MARKET":
            self._lifecycle.expire(order, "9")
        elif order.time_in_force in ("IOC", "FOK"):
            self._lifecycle.expire(order, "2")
        else:
            matcher.rest(order)
            if order.good_till_ms:
                due_ns = order.good_till_ms * 1_000_000
                self._state.agenda.add(due_ns, lambda: self._lifecycle.expire(order, "0"))

    def _place_late(self, account: Account, params: Params) -> None:
        # The client was told that nobody knows; a refusal now has no one to hear it.
        with suppress(VenueError):
            self.place(account, params)

    def _arrive(self, order: VenueOrder) -> None:
        # After the entry latency: what could not execute as asked is dropped with an event,
        # since its answer is long gone.
        if not order.is_open:
            return
        info = self._state.symbols[order.symbol]
        try:
            self._check_book(order, info, self._state.mark(order.symbol))
        except VenueError:
            self._lifecycle.expire(order, "0")
            return
        self.enter(order)

    def _check_mode(self, account: Account, request: OrderRequest) -> None:
        if request.position_side not in account.sides():
            raise VenueError(-4061)
        if account.settings.hedge and request.reduce_only:
            raise VenueError(-1106, name="reduceonly")

    def _reduces(self, account: Account, request: OrderRequest) -> bool:
        if account.settings.hedge:
            return request.is_buy == (request.position_side == "SHORT")
        return request.reduce_only or request.close_position

    def _reducible(self, account: Account, request: OrderRequest) -> Decimal:
        # Returns the quantity that the order may have: reducing orders never exceed what the
        # position holds beyond the other reducing orders.
        if not self._reduces(account, request):
            return request.qty
        symbol, side = request.info.symbol, request.position_side
        held = account.qty(symbol, side)
        if not held or (held > 0) == request.is_buy:
            raise VenueError(-2022)
        if request.close_position:
            return abs(held)
        left = abs(held) - account.reducing_qty(symbol, side, request.side)
        if left <= 0:
            raise VenueError(-4118)
        if account.settings.hedge and request.qty > left:
            raise VenueError(-2022)
        return min(request.qty, left)

    def check_margin(self, account: Account, extra: Extra, costs: Decimal = ZERO) -> None:
        """Refuse what the account cannot carry.

        Args:
            account: Whose.
            extra: What would rest beside the open orders.
            costs: What it would lose at once, in the margin asset.

        Raises:
            VenueError: -2027 or -2019.
        """
        symbol, side = extra.symbol, extra.position_side
        mark = self._state.mark(symbol)
        before = symbol_margin(account, symbol, side, mark)
        after = symbol_margin(account, symbol, side, mark, extra)
        added = after.orders - before.orders
        if added <= 0:
            return
        leverage = account.leverage(symbol)
        if (after.orders + after.position) * leverage > cap(leverage):
            raise VenueError(-2027)
        if added + costs > self._state.summary(account, self._state.asset(symbol)).available:
            raise VenueError(-2019)

    def _check_margin(
        self, account: Account, request: OrderRequest, price: Decimal, mark: Decimal
    ) -> None:
        notional = price * request.qty
        worse = price - mark if request.is_buy else mark - price
        costs = request.qty * max(ZERO, worse) if mark else ZERO
        if request.is_market:
            costs += notional * self._state.options.taker_fee
        extra = Extra(request.info.symbol, request.position_side, request.is_buy, notional)
        self.check_margin(account, extra, costs)

    def _check_book(self, order: VenueOrder, info: SymbolInfo, mark: Decimal) -> None:
        matcher = self._matchers(order.symbol)
        if order.type == "MARKET":
            best = self._state.book(order.symbol).side(not order.is_buy).best
            if best is None:
                raise VenueError(-4131)
            high, low = mark * info.multiplier_up, mark * info.multiplier_down
            if mark and (best > high if order.is_buy else best < low):
                raise VenueError(-4131)
        elif order.time_in_force in POST_ONLY:
            if matcher.would_take(order.price, is_buy=order.is_buy):
                raise VenueError(-5022)
        elif order.time_in_force == "FOK" and (
            matcher.available(order, order.price) < order.remaining
        ):
            raise VenueError(-5021)

    def _limit(self, order: VenueOrder) -> Decimal | None:
        if order.type != "MARKET":
            return order.price
        info = self._state.symbols[order.symbol]
        mark = self._state.mark(order.symbol)
        bound = info.market_take_bound if order.is_buy else -info.market_take_bound
        return mark * (1 + bound) if mark else None

    def _order(self, account: Account, request: OrderRequest, qty: Decimal) -> VenueOrder:
        state = self._state
        return VenueOrder(
            id=state.number("order"),
            client_id=request.client_id or state.letters(),
            account=account.name,
            symbol=request.info.symbol,
            side=request.side,
            position_side=request.position_side,
            type=request.type,
            time_in_force=request.time_in_force,
            price=request.price if request.price is not None else ZERO,
            qty=qty,
            created_ns=state.now_ns,
            updated_ns=state.now_ns,
            reduce_only=request.reduce_only or self._reduces(account, request),
            close_position=request.close_position,
            prevention=request.prevention,
            price_match=request.price_match,
            good_till_ms=request.good_till_ms,
        )


def _check_filters(request: OrderRequest, mark: Decimal) -> None:
    info = request.info
    if not request.close_position:
        check_quantity(info, request.qty, is_market=request.is_market)
    if request.price is not None:
        check_price(info, request.price)
        check_percent(info, request.price, mark, is_buy=request.is_buy)

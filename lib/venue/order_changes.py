"""Cancelling and changing regular orders."""

from collections.abc import Callable
from typing import Any

from lib.venue.accounts import Account, Amendment
from lib.venue.errors import VenueError
from lib.venue.filters import check_notional, check_percent, check_price, check_quantity
from lib.venue.lifecycle import Lifecycle
from lib.venue.margin import Extra
from lib.venue.matching import Matcher
from lib.venue.order_entry import OrderEntry
from lib.venue.order_request import PRICE_MATCHES, matched_price
from lib.venue.orders import VenueOrder
from lib.venue.params import Params
from lib.venue.private_wire import order_answer
from lib.venue.state import VenueState
from lib.venue.user_events import order_event

MAX_CHANGES = 10_000
ALL_CANCELLED = {"code": 200, "msg": "The operation of cancel all open order is done."}


def find_order(account: Account, params: Params, symbol: str) -> VenueOrder | None:
    """Return the order that orderId (which wins) or origClientOrderId names.

    Raises:
        VenueError: -1102, neither was sent.
    """
    order_id = params.long("orderId")
    client_id = params.text("origClientOrderId")
    if order_id is None and client_id is None:
        raise VenueError(-1102, name="orderId")
    return account.orders.find(symbol, order_id, client_id)


class OrderChanges:
    """Cancels and amendments.

    Args:
        state: The venue.
        lifecycle: Changes orders.
        matchers: Symbol -> its matcher.
        entry: Puts an amended order back into the book.
    """

    def __init__(
        self,
        state: VenueState,
        lifecycle: Lifecycle,
        matchers: Callable[[str], Matcher],
        entry: OrderEntry,
    ) -> None:
        """Keep the parts."""
        self._state = state
        self._lifecycle = lifecycle
        self._matchers = matchers
        self._entry = entry

    def cancel(self, account: Account, params: Params) -> dict[str, Any]:
        """Cancel one order; with a cancel latency the answer shows it as it still is."""
        info = self._state.info(params.need("symbol"))
        order = find_order(account, params, info.symbol)
        if order is None or not order.is_open:
            raise VenueError(-2011)
        self._cancel(order)
        return order_answer(order, info)

    def cancel_all(self, account: Account, params: Params) -> dict[str, Any]:
        """Cancel every open regular order of a symbol."""
        info = self._state.info(params.need("symbol"))
        for order in account.orders.open(info.symbol):
            self._cancel(order)
        return dict(ALL_CANCELLED)

    def modify(self, account: Account, params: Params) -> dict[str, Any]:
        """Change a LIMIT order's price and total quantity; it loses its place in the queue."""
        info = self._state.info(params.need("symbol"))
        params.need("side")
        qty = params.need_decimal("quantity")
        match = params.choice("priceMatch", PRICE_MATCHES, -5037, "NONE")
        if match != "NONE":
            price = matched_price(self._state, info.symbol, params.need("side") == "BUY", match)
        else:
            price = params.need_decimal("price")
        order = find_order(account, params, info.symbol)
        if order is None or not order.is_open:
            raise VenueError(-2013)
        self._check_change(order, params, (price, qty))
        more = price * (qty - order.filled) - order.price * order.remaining
        if more > 0 and not order.reduce_only:
            extra = Extra(info.symbol, order.position_side, order.is_buy, more)
            self._entry.check_margin(account, extra)
        modify_id = params.long("modifyId")
        self._apply(account, order, (price, qty), modify_id)
        answer = order_answer(order, info) | {"pair": info.pair}
        return answer if modify_id is None else answer | {"modifyId": modify_id}

    def _cancel(self, order: VenueOrder) -> None:
        delay_ns = self._state.options.cancel_latency_ns
        if delay_ns:
            due_ns = self._state.now_ns + delay_ns
            self._state.agenda.add(due_ns, lambda: self._lifecycle.cancel(order))
        else:
            self._lifecycle.cancel(order)

    def _check_change(self, order: VenueOrder, params: Params, new: tuple[Any, Any]) -> None:
        info = self._state.symbols[order.symbol]
        price, qty = new
        if info.status != "TRADING":
            raise VenueError(-5024)
        if order.type != "LIMIT":
            raise VenueError(-5025)
        if params.choice("side", ("BUY", "SELL"), -1117) != order.side:
            raise VenueError(-1117)
        if params.flag("reduceOnly") and not order.reduce_only:
            raise VenueError(-5047)
        if order.changes >= MAX_CHANGES:
            raise VenueError(-5026)
        check_quantity(info, qty, is_market=False)
        check_price(info, price)
        check_percent(info, price, self._state.mark(order.symbol), is_buy=order.is_buy)
        if (price, qty) == (order.price, order.qty):
            raise VenueError(-5027)
        if not (order.reduce_only and params.flag("reduceOnly")):
            check_notional(info, price * qty, -5029)

    def _apply(
        self, account: Account, order: VenueOrder, new: tuple[Any, Any], modify_id: int | None
    ) -> None:
        state = self._state
        price, qty = new
        matcher = self._matchers(order.symbol)
        crosses = order.time_in_force in ("GTX", "RPI") and matcher.would_take(
            price, is_buy=order.is_buy
        )
        if qty <= order.filled or crosses:
            self._lifecycle.cancel(order)
            return
        before = (order.price, order.qty)
        matcher.remove(order)
        order.price, order.qty = price, qty
        order.prevention = "NONE"
        order.changes += 1
        order.updated_ns = state.now_ns
        state.emit(account, order_event(state, account, order, "AMENDMENT", modify_id=modify_id))
        account.amendments.append(
            Amendment(
                id=state.number("amendment"),
                symbol=order.symbol,
                order_id=order.id,
                client_id=order.client_id,
                before=before,
                after=(price, qty),
                count=order.changes,
                modify_id=modify_id,
                time_ns=state.now_ns,
            )
        )
        self._entry.enter(order)

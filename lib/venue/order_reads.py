"""What the private endpoints show of orders and trades."""

from typing import Any

from lib.constants import NS_PER_MS
from lib.venue.accounts import Account
from lib.venue.errors import VenueError
from lib.venue.order_changes import find_order
from lib.venue.orders import VenueOrder
from lib.venue.params import Params
from lib.venue.private_wire import (
    amendment_view,
    fill_view,
    forced_view,
    history_view,
    order_view,
)
from lib.venue.state import VenueState

DAY_NS = 86_400_000_000_000
UNFILLED_KEPT_NS = 3 * DAY_NS
KEPT_NS = 90 * DAY_NS
WINDOW_MS = 7 * 86_400_000


class OrderReads:
    """Queries about orders and trades.

    Args:
        state: The venue.
    """

    def __init__(self, state: VenueState) -> None:
        """Keep the state."""
        self._state = state

    def order(self, account: Account, params: Params) -> dict[str, Any]:
        """Return one order, open or not."""
        info = self._state.info(params.need("symbol"))
        order = find_order(account, params, info.symbol)
        if order is None or self._is_forgotten(order) or self._is_hidden(order, "order"):
            raise VenueError(-2013)
        return order_view(order, info)

    def open_order(self, account: Account, params: Params) -> dict[str, Any]:
        """Return one open order."""
        info = self._state.info(params.need("symbol"))
        order = find_order(account, params, info.symbol)
        if order is None or not order.is_open or self._is_hidden(order, "openOrder"):
            raise VenueError(-2013)
        return order_view(order, info)

    def open_orders(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return all open orders, oldest first."""
        symbol = params.text("symbol")
        if symbol is not None:
            self._state.info(symbol)
        orders = [
            each for each in account.orders.open(symbol) if not self._is_hidden(each, "openOrders")
        ]
        faults = self._state.faults
        orders = faults.subset(orders, self._state.now_ns, self._state.random)
        return [order_view(each, self._state.symbols[each.symbol]) for each in orders]

    def all_orders(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return orders, oldest first; with a limit, the newest ones."""
        symbol = params.text("symbol")
        if symbol is not None:
            self._state.info(symbol)
        first = params.long("orderId")
        limit = params.limit(500, 1000)
        start_ns, end_ns = self._window(params)
        rows = [
            each
            for each in account.orders
            if (symbol is None or each.symbol == symbol)
            and not self._is_forgotten(each)
            and not self._is_hidden(each, "allOrders")
            and (each.id >= first if first is not None else start_ns <= each.created_ns <= end_ns)
        ]
        rows = rows[:limit] if first is not None else rows[-limit:]
        return [history_view(each, self._state.symbols[each.symbol]) for each in rows]

    def user_trades(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return own trades, oldest first; with a limit, the OLDEST of the window."""
        info = self._state.info(params.need("symbol"))
        limit = params.limit(500, 1000)
        order_id, from_id = params.long("orderId"), params.long("fromId")
        timed = "startTime" in params or "endTime" in params
        if from_id is not None and timed:
            raise VenueError(-1128)
        start_ns, end_ns = self._window(params)
        rows = [
            each
            for each in account.fills
            if each.symbol == info.symbol
            and (order_id is None or each.order_id == order_id)
            and (each.id >= from_id if from_id is not None else start_ns <= each.time_ns <= end_ns)
        ]
        return [fill_view(each, info) for each in rows[:limit]]

    def amendments(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return changes of orders, newest first."""
        info = self._state.info(params.need("symbol"))
        limit = params.limit(50, 100)
        order_id, client_id = params.long("orderId"), params.text("origClientOrderId")
        start_ns, end_ns = self._span(params)
        rows = [
            each
            for each in reversed(account.amendments)
            if each.symbol == info.symbol
            and (order_id is None or each.order_id == order_id)
            and (client_id is None or each.client_id == client_id)
            and start_ns <= each.time_ns <= end_ns
        ]
        return [amendment_view(each, info) for each in rows[:limit]]

    def forced(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return the account's liquidation and ADL orders, newest first."""
        symbol = params.text("symbol")
        kind = params.choice("autoCloseType", ("LIQUIDATION", "ADL"), -1130)
        limit = params.limit(50, 100)
        start_ns, end_ns = self._span(params)
        rows = [
            each
            for each in reversed(account.forced)
            if (symbol is None or each.symbol == symbol)
            and (not kind or (each.client_id == "adl_autoclose") == (kind == "ADL"))
            and start_ns <= each.created_ns <= end_ns
        ]
        return [forced_view(each, self._state.symbols[each.symbol]) for each in rows[:limit]]

    def _is_hidden(self, order: VenueOrder, endpoint: str) -> bool:
        return self._state.faults.hides(order, endpoint, self._state.now_ns)

    def _is_forgotten(self, order: VenueOrder) -> bool:
        if order.is_open:
            return False
        age_ns = self._state.now_ns - order.created_ns
        return age_ns > (KEPT_NS if order.filled else UNFILLED_KEPT_NS)

    def _window(self, params: Params) -> tuple[int, int]:
        # The last seven days unless told otherwise, and never more than seven days.
        start, end = params.long("startTime"), params.long("endTime")
        if start is not None and end is not None and end - start > WINDOW_MS:
            raise VenueError(-1127)
        if start is None:
            start = (end if end is not None else self._state.now_ms) - WINDOW_MS
        if end is None:
            end = start + WINDOW_MS
        return start * NS_PER_MS, (end + 1) * NS_PER_MS - 1

    def _span(self, params: Params) -> tuple[int, int]:
        start, end = params.long("startTime"), params.long("endTime")
        last_ms = end if end is not None else self._state.now_ms
        return (start or 0) * NS_PER_MS, (last_ms + 1) * NS_PER_MS - 1

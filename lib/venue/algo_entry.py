"""The endpoints of conditional orders: place, cancel, query."""

from typing import Any

from lib.constants import NS_PER_MS
from lib.venue.accounts import Account
from lib.venue.algo_orders import AlgoOrder
from lib.venue.algo_request import parse_algo
from lib.venue.algo_wire import algo_answer, algo_view, open_algo_view
from lib.venue.errors import VenueError
from lib.venue.order_changes import ALL_CANCELLED
from lib.venue.order_reads import WINDOW_MS
from lib.venue.params import Params
from lib.venue.state import VenueState
from lib.venue.triggers import Triggers, is_reached


class AlgoEntry:
    """Takes conditional orders; no margin is checked before the trigger.

    Args:
        state: The venue.
        triggers: Watches what is taken.
    """

    def __init__(self, state: VenueState, triggers: Triggers) -> None:
        """Keep the parts."""
        self._state = state
        self._triggers = triggers

    def place(self, account: Account, params: Params) -> dict[str, Any]:
        """Place a conditional order."""
        order = parse_algo(self._state, account, params)
        if account.in_liquidation:
            raise VenueError(-2023)
        if len(account.algos.open()) >= self._state.options.max_algo_orders:
            raise VenueError(-4045)
        known = account.algos.find(None, order.client_id)
        if order.client_id and known is not None and known.is_open:
            raise VenueError(-4116)
        self._check_trigger(order)
        order.id = self._state.number("algo")
        order.client_id = order.client_id or self._state.letters()
        account.algos.add(order)
        answer = algo_answer(order, self._state.symbols[order.symbol])
        self._triggers.watch(order)
        return answer

    def cancel(self, account: Account, params: Params) -> dict[str, Any]:
        """Cancel a waiting order."""
        order = self._find(account, params)
        if order is not None and order.status == "TRIGGERING":
            raise VenueError(-4117)
        if order is None or not order.is_open:
            raise VenueError(-2011)
        self._triggers.end(order, "CANCELED")
        ids = {"algoId": order.id, "clientAlgoId": order.client_id}
        return ids | {"code": "200", "msg": "success"}

    def cancel_all(self, account: Account, params: Params) -> dict[str, Any]:
        """Cancel every waiting order of a symbol."""
        info = self._state.info(params.need("symbol"))
        for order in account.algos.open(info.symbol):
            self._triggers.end(order, "CANCELED")
        return dict(ALL_CANCELLED)

    def order(self, account: Account, params: Params) -> dict[str, Any]:
        """Return one order, waiting or not."""
        order = self._find(account, params)
        if order is None or self._state.faults.hides_algo(self._state.now_ns):
            raise VenueError(-2013)
        return algo_view(order, self._state.symbols[order.symbol])

    def open_orders(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return the waiting orders, oldest first."""
        symbol, algo_id = params.text("symbol"), params.long("algoId")
        if symbol is not None:
            self._state.info(symbol)
        rows = [
            each for each in account.algos.open(symbol) if algo_id is None or each.id == algo_id
        ]
        rows = self._state.faults.subset(rows, self._state.now_ns, self._state.random)
        return [open_algo_view(each, self._state.symbols[each.symbol]) for each in rows]

    def all_orders(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return a symbol's orders, oldest first; with a limit, the newest ones."""
        info = self._state.info(params.need("symbol"))
        first, limit = params.long("algoId"), params.limit(500, 1000)
        start, end = params.long("startTime"), params.long("endTime")
        if start is not None and end is not None and end - start > WINDOW_MS:
            raise VenueError(-1127)
        last_ms = end if end is not None else self._state.now_ms
        first_ms = start if start is not None else last_ms - WINDOW_MS
        rows = [
            each
            for each in account.algos.all()
            if each.symbol == info.symbol
            and (first is None or each.id >= first)
            and first_ms * NS_PER_MS <= each.created_ns < (last_ms + 1) * NS_PER_MS
        ]
        return [algo_view(each, info) for each in rows[-limit:]]

    def _find(self, account: Account, params: Params) -> AlgoOrder | None:
        algo_id, client_id = params.long("algoId"), params.text("clientAlgoId")
        if algo_id is None and client_id is None:
            raise VenueError(-1102, name="algoId")
        return account.algos.find(algo_id, client_id)

    def _check_trigger(self, order: AlgoOrder) -> None:
        price = self._triggers.price(order)
        if not price:
            return
        if not order.is_trailing:
            if is_reached(order, price):
                raise VenueError(-2021)
        elif order.activate_price is not None and (
            order.activate_price >= price if order.is_buy else order.activate_price <= price
        ):
            raise VenueError(-2021)

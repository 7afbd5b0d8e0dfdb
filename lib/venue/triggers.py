"""Watching prices for conditional orders, and turning those into regular ones."""

from decimal import Decimal

from lib.venue.accounts import Account
from lib.venue.algo_orders import AlgoOrder
from lib.venue.algo_wire import algo_event
from lib.venue.errors import VenueError
from lib.venue.formats import ZERO
from lib.venue.lifecycle import Lifecycle
from lib.venue.order_entry import OrderEntry
from lib.venue.order_request import OrderRequest
from lib.venue.orders import VenueOrder
from lib.venue.state import VenueState

PERCENT = Decimal(100)


class Triggers:
    """The waiting conditional orders of all accounts, by symbol.

    Args:
        state: The venue.
        lifecycle: Takes the orders they become.
        entry: Checks and enters those.
    """

    def __init__(self, state: VenueState, lifecycle: Lifecycle, entry: OrderEntry) -> None:
        """Start without conditional orders."""
        self._state = state
        self._lifecycle = lifecycle
        self._entry = entry
        self._waiting: dict[str, dict[int, AlgoOrder]] = {}
        self._children: dict[int, AlgoOrder] = {}
        lifecycle.on_closed(self._on_child_closed)

    def watch(self, order: AlgoOrder) -> None:
        """Begin to watch an accepted order."""
        if order.is_trailing and order.activate_price is None:
            order.activated = True
            order.extreme = self.price(order)
        self._waiting.setdefault(order.symbol, {})[order.id] = order
        self.tell(order)
        if order.good_till_ms:
            due_ns = order.good_till_ms * 1_000_000
            self._state.agenda.add(due_ns, lambda: self.end(order, "EXPIRED"))

    def resume(self, order: AlgoOrder) -> None:
        """Go on with an order of an earlier life, without telling anyone."""
        if order.is_open:
            order.status = "NEW"
            self._waiting.setdefault(order.symbol, {})[order.id] = order
            if order.good_till_ms:
                due_ns = order.good_till_ms * 1_000_000
                self._state.agenda.add(due_ns, lambda: self.end(order, "EXPIRED"))
        elif order.child is not None and order.child.is_open:
            self._children[order.child.id] = order

    def price(self, order: AlgoOrder) -> Decimal:
        """Return the price that an order watches, 0 while unknown."""
        if order.working_type == "MARK_PRICE":
            return self._state.mark(order.symbol)
        return self._state.last(order.symbol)

    def on_price(self, symbol: str) -> None:
        """Trigger what a changed price of a symbol reaches."""
        waiting = self._waiting.get(symbol)
        if not waiting:
            return
        for order in list(waiting.values()):
            price = self.price(order)
            if order.status != "NEW" or not price:
                continue
            if order.is_trailing:
                self._trail(order, price)
            if is_reached(order, price) and self._is_protected(order):
                self._trigger(order)

    def end(self, order: AlgoOrder, status: str) -> None:
        """Make a waiting order final (`CANCELED` or `EXPIRED`)."""
        if order.status == "NEW":
            self._stop_watching(order)
            self._change(order, status)

    def on_flat(self, account: Account, symbol: str, side: str) -> None:
        """Expire the orders that only made sense with a position."""
        for order in account.algos.open(symbol):
            if order.time_in_force == "GTE_GTC" and order.position_side == side:
                self.end(order, "EXPIRED")

    def tell(self, order: AlgoOrder) -> None:
        """Send the order's ALGO_UPDATE."""
        account = self._state.accounts[order.account]
        self._state.emit(account, algo_event(self._state, order))

    def _trail(self, order: AlgoOrder, price: Decimal) -> None:
        if not order.activated:
            start = order.activate_price if order.activate_price is not None else price
            if price > start if order.is_buy else price < start:
                return
            order.activated = True
            order.extreme = price
            order.updated_ns = self._state.now_ns
            self.tell(order)
        best = min if order.is_buy else max
        order.extreme = best(order.extreme or price, price)
        rate = (order.callback_rate or ZERO) / PERCENT
        order.trigger_price = order.extreme * (1 + rate if order.is_buy else 1 - rate)

    def _is_protected(self, order: AlgoOrder) -> bool:
        if not order.price_protect:
            return True
        mark, last = self._state.mark(order.symbol), self._state.last(order.symbol)
        bound = self._state.symbols[order.symbol].trigger_protect
        return bool(mark) and abs(mark - last) / mark <= bound

    def _trigger(self, order: AlgoOrder) -> None:
        self._stop_watching(order)
        order.trigger_ns = self._state.now_ns
        self._change(order, "TRIGGERING")
        hold_ns = self._state.faults.hold_triggering_ns(self._state.now_ns)
        if hold_ns:
            self._state.agenda.add(self._state.now_ns + hold_ns, lambda: self._fire(order))
        else:
            self._fire(order)

    def _fire(self, order: AlgoOrder) -> None:
        # The child's own events come before TRIGGERED and FINISHED, as observed on the exchange.
        account = self._state.accounts[order.account]
        try:
            child = self._entry.check(account, self._request(order))
        except VenueError as error:
            order.message = error.text
            self._change(order, "REJECTED")
            return
        child.algo_id = order.id
        self._lifecycle.accept(child)
        self._children[child.id] = order
        self._entry.enter(child)
        order.child = child
        self._change(order, "TRIGGERED")
        if not child.is_open:
            self._finish(order)

    def _request(self, order: AlgoOrder) -> OrderRequest:
        is_limit = order.child_type == "LIMIT"
        in_force = order.time_in_force if is_limit else "GTC"
        return OrderRequest(
            info=self._state.info(order.symbol),
            side=order.side,
            type=order.child_type,
            position_side=order.position_side,
            time_in_force="GTC" if in_force == "GTE_GTC" else in_force,
            qty=order.qty,
            price=order.price if is_limit else None,
            reduce_only=order.reduce_only,
            client_id=order.client_id,
            wants_result=False,
            price_match=order.price_match,
            prevention=order.prevention,
            good_till_ms=order.good_till_ms if is_limit else 0,
            close_position=order.close_position,
        )

    def _on_child_closed(self, child: VenueOrder) -> None:
        order = self._children.get(child.id)
        if order is not None and order.status == "TRIGGERED":
            self._finish(order)

    def _finish(self, order: AlgoOrder) -> None:
        if order.child is not None:
            self._children.pop(order.child.id, None)
        self._change(order, "FINISHED")

    def _change(self, order: AlgoOrder, status: str) -> None:
        order.status = status
        order.updated_ns = self._state.now_ns
        self.tell(order)

    def _stop_watching(self, order: AlgoOrder) -> None:
        self._waiting.get(order.symbol, {}).pop(order.id, None)


def is_reached(order: AlgoOrder, price: Decimal) -> bool:
    """Return whether a price meets an order's condition."""
    if order.is_trailing and not order.activated:
        return False
    rises = order.is_buy != order.type.startswith("TAKE_PROFIT")
    return price >= order.trigger_price if rises else price <= order.trigger_price

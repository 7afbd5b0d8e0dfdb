"""An order's life: accepted, filled, cancelled, expired; with its events in the real order."""

from collections.abc import Callable
from decimal import Decimal

from lib.venue.accounts import Account, Fill, Income
from lib.venue.formats import ZERO, money
from lib.venue.orders import VenueOrder
from lib.venue.positions import Position
from lib.venue.state import VenueState
from lib.venue.user_events import Execution, account_event, order_event, trade_lite

Listener = Callable[[VenueOrder], None]
PositionListener = Callable[[Account, Position], None]


class Lifecycle:
    """Changes orders, positions and wallets together, and tells the account about it.

    Args:
        state: The venue.
    """

    def __init__(self, state: VenueState) -> None:
        """Start without listeners."""
        self._state = state
        self._closed: list[Listener] = []
        self._moved: list[PositionListener] = []

    def on_closed(self, listener: Listener) -> None:
        """Have a listener told of every order that becomes final."""
        self._closed.append(listener)

    def on_moved(self, listener: PositionListener) -> None:
        """Have a listener told of every position that a fill has changed."""
        self._moved.append(listener)

    def accept(self, order: VenueOrder) -> None:
        """Put an order on the account's list; nothing is told yet."""
        order.born = self._state.number("step")
        self._account(order).orders.add(order)

    def announce(self, order: VenueOrder) -> None:
        """Tell that an order is accepted, once."""
        if not order.announced:
            order.announced = True
            account = self._account(order)
            kind = "CALCULATED" if order.forced else "NEW"
            self._state.emit(account, order_event(self._state, account, order, kind))

    def fill(
        self,
        order: VenueOrder,
        price: Decimal,
        qty: Decimal,
        *,
        maker: bool,
        trade_id: int | None = None,
    ) -> Fill:
        """Execute a part of an order; `trade_id` is that of the other side, if it is ours, too.

        A taker's events are TRADE_LITE, NEW (before its first fill), ACCOUNT_UPDATE, TRADE, as
        captured from the exchange; a maker's the same without NEW.
        """
        state = self._state
        account = self._account(order)
        fee = money(price * qty * self._rate(order, maker))
        number = state.number("trade") if trade_id is None else trade_id
        execution = Execution(qty, price, fee, number, ZERO, maker)
        if not order.forced:
            state.emit(account, trade_lite(state, order, execution))
        self.announce(order)
        position = account.position(order.symbol, order.position_side)
        realised = self._move(account, position, order, execution)
        order.filled += qty
        order.quote += price * qty
        order.updated_ns = state.now_ns
        order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        if not order.is_open:
            account.orders.close(order)
        execution = Execution(qty, price, fee, execution.trade_id, realised, maker)
        asset = state.asset(order.symbol)
        state.emit(account, account_event(state, account, asset, _told(account, position), "ORDER"))
        kind = "CALCULATED" if order.forced else "TRADE"
        state.emit(account, order_event(state, account, order, kind, execution))
        fill = self._record(account, order, execution)
        if not order.is_open:
            order.ended = state.number("step")
            self._tell(order)
        self._fit_reduce_only(account, position)
        for listener in self._moved:
            listener(account, position)
        return fill

    def end(self, order: VenueOrder, kind: str, status: str, reason: str = "0") -> None:
        """Make an order final without a fill (`kind` CANCELED or EXPIRED)."""
        if not order.is_open:
            return
        self.announce(order)
        account = self._account(order)
        order.status = status
        order.reason = reason
        order.updated_ns = self._state.now_ns
        order.ended = self._state.number("step")
        account.orders.close(order)
        self._state.emit(account, order_event(self._state, account, order, kind))
        self._tell(order)

    def cancel(self, order: VenueOrder) -> None:
        """Cancel on request."""
        self.end(order, "CANCELED", "CANCELED")

    def expire(self, order: VenueOrder, reason: str) -> None:
        """Let the exchange end an order; `reason` is its `er` code."""
        self.end(order, "EXPIRED", "EXPIRED", reason)

    def prevent(self, order: VenueOrder, reason: str = "1") -> None:
        """End an order that would have traded with its own account."""
        self.end(order, "EXPIRED", "EXPIRED_IN_MATCH", reason)

    def fit_entry(self, order: VenueOrder) -> None:
        """Shrink an entering reduce-only order to what is left to close, or expire it (er 4)."""
        if not order.reduce_only:
            return
        account = self._account(order)
        held = account.qty(order.symbol, order.position_side)
        others = account.reducing_qty(order.symbol, order.position_side, order.side)
        left = abs(held) if order.close_position else abs(held) - (others - order.remaining)
        if left <= 0 or (held > 0) == order.is_buy:
            self.expire(order, "4")
        elif left < order.remaining:
            order.qty = order.filled + left

    def _account(self, order: VenueOrder) -> Account:
        return self._state.accounts[order.account]

    def _rate(self, order: VenueOrder, maker: bool) -> Decimal:
        options = self._state.options
        if order.forced and order.type != "LIQUIDATION":
            return ZERO
        return options.maker_fee if maker else options.taker_fee

    def _tell(self, order: VenueOrder) -> None:
        for listener in self._closed:
            listener(order)

    def _move(
        self, account: Account, position: Position, order: VenueOrder, execution: Execution
    ) -> Decimal:
        state = self._state
        change = execution.qty if order.is_buy else -execution.qty
        before = position.qty
        realised = position.apply(change, execution.price, execution.fee)
        position.updated_ns = state.now_ns
        asset = state.asset(order.symbol)
        for kind, value in (("REALIZED_PNL", realised), ("COMMISSION", -execution.fee)):
            number = state.number("income") if value else 0
            trade_id = str(execution.trade_id)
            account.pay(Income(order.symbol, kind, value, asset, state.now_ns, number, trade_id))
        if account.is_isolated(order.symbol):
            self._set_apart(account, position, before, realised - execution.fee)
        return realised

    def _set_apart(
        self, account: Account, position: Position, before: Decimal, result: Decimal
    ) -> None:
        # Isolated margin grows by the initial margin of what is opened and is given back in
        # proportion to what is closed; results and fees stay with the position until it is flat.
        if not position.qty:
            position.isolated_wallet = ZERO
            return
        leverage = account.leverage(position.symbol)
        if before * position.qty < 0 or not before:
            position.isolated_wallet = money(abs(position.qty) * position.entry / leverage)
        elif abs(position.qty) > abs(before):
            added = abs(position.qty) * position.entry / leverage
            kept = position.isolated_wallet + result
            share = abs(position.qty) - abs(before)
            position.isolated_wallet = money(kept + added * share / abs(position.qty))
        else:
            position.isolated_wallet = money(
                position.isolated_wallet * abs(position.qty) / abs(before) + result
            )

    def _record(self, account: Account, order: VenueOrder, execution: Execution) -> Fill:
        fill = Fill(
            id=execution.trade_id,
            order_id=order.id,
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            position_side=order.position_side,
            price=execution.price,
            qty=execution.qty,
            fee=execution.fee,
            fee_asset=self._state.asset(order.symbol),
            realised=execution.realised,
            maker=execution.maker,
            time_ns=self._state.now_ns,
            step=self._state.number("step"),
        )
        account.fills.append(fill)
        return fill

    def _fit_reduce_only(self, account: Account, position: Position) -> None:
        # Resting reduce-only orders never exceed what they may close: the best priced keep
        # their quantity, later ones are shrunk, those left with nothing expire (er 4).
        orders = [
            each
            for each in account.orders.open(position.symbol)
            if each.reduce_only and each.position_side == position.side and each.resting
        ]
        orders.sort(key=lambda each: (-each.price if each.is_buy else each.price, each.sequence))
        left = abs(position.qty)
        for order in orders:
            reduces = position.qty * (1 if order.is_buy else -1) < 0
            allowed = min(left, order.remaining) if reduces else ZERO
            left -= allowed
            if not allowed:
                self.expire(order, "4")
            elif allowed < order.remaining:
                order.qty = order.filled + allowed


def _told(account: Account, position: Position) -> list[Position]:
    # As captured: in hedge mode an isolated position comes with all sides of its symbol.
    symbol = position.symbol
    if not (account.settings.hedge and account.is_isolated(symbol)):
        return [position]
    held = account.positions
    return [
        held.get((symbol, side)) or Position(symbol, side) for side in ("BOTH", "LONG", "SHORT")
    ]

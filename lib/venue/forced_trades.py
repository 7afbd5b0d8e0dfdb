"""Trades that the exchange or somebody else makes on an account: closing, ADL, settlement."""

from decimal import Decimal

from lib.venue.accounts import Account
from lib.venue.filters import check_decimals
from lib.venue.formats import ZERO, quantum
from lib.venue.lifecycle import Lifecycle
from lib.venue.orders import VenueOrder
from lib.venue.positions import Position
from lib.venue.state import VenueState
from lib.venue.user_events import force_order


class ForcedTrades:
    """Executes at once what nobody of the account's own bots has ordered.

    Args:
        state: The venue.
        lifecycle: Books the fills.
    """

    def __init__(self, state: VenueState, lifecycle: Lifecycle) -> None:
        """Keep the parts."""
        self._state = state
        self._lifecycle = lifecycle

    def liquidate(self, account: Account, position: Position) -> VenueOrder:
        """Close a position at the market, as liquidation."""
        client_id = f"autoclose-{self._state.now_ms}{self._state.number('sequence'):06d}"
        is_buy = position.qty < 0
        price = self._average(position.symbol, is_buy, abs(position.qty))
        order = self._order(account, position, client_id, abs(position.qty))
        order.type, order.time_in_force = "LIQUIDATION", "IOC"
        order.price = self._rounded(position.symbol, self._state.mark(position.symbol))
        self._execute(account, order, price)
        self._state.market_events.append(force_order(self._state, order))
        return order

    def deleverage(self, account: Account, position: Position, qty: Decimal) -> None:
        """Close (a part of) a position at the mark price against a liquidated counterparty."""
        order = self._order(account, position, "adl_autoclose", min(qty, abs(position.qty)))
        order.price = self._rounded(position.symbol, self._state.mark(position.symbol))
        self._execute(account, order, order.price)

    def settle(self, account: Account, position: Position) -> None:
        """Close a position at the mark price because its symbol ends."""
        client_id = f"settlement_autoclose-{self._state.now_ms}"
        order = self._order(account, position, client_id, abs(position.qty))
        order.price = self._rounded(position.symbol, self._state.mark(position.symbol))
        self._execute(account, order, order.price)

    def close(self, account: Account, position: Position) -> None:
        """Trade a position away at the market, as if by hand."""
        self.trade(account, position.symbol, -position.qty, None, position.side)

    def trade(
        self,
        account: Account,
        symbol: str,
        change: Decimal,
        price: Decimal | None,
        position_side: str = "",
    ) -> None:
        """Trade as if by hand, at a price or at the market, without any check.

        Args:
            account: Whose.
            symbol: What.
            change: Signed quantity.
            price: Fill price; None takes the book's.
            position_side: Of which leg; "" = in hedge mode the one that it opens.
        """
        check_decimals(change, self._state.info(symbol).quantity_precision)
        side = position_side or "BOTH"
        if account.settings.hedge and not position_side:
            side = "LONG" if change > 0 else "SHORT"
        paid = price or self._average(symbol, change > 0, abs(change))
        order = VenueOrder(
            id=self._state.number("order"),
            client_id=f"web_{self._state.letters(20)}",
            account=account.name,
            symbol=symbol,
            side="BUY" if change > 0 else "SELL",
            position_side=side,
            type="MARKET",
            time_in_force="GTC",
            price=ZERO,
            qty=abs(change),
            created_ns=self._state.now_ns,
            updated_ns=self._state.now_ns,
        )
        self._lifecycle.accept(order)
        self._lifecycle.fill(order, self._rounded(symbol, paid), order.qty, maker=False)

    def _execute(self, account: Account, order: VenueOrder, price: Decimal) -> None:
        order.forced = True
        self._lifecycle.accept(order)
        self._lifecycle.fill(order, price, order.qty, maker=False)
        account.forced.append(order)

    def _order(
        self, account: Account, position: Position, client_id: str, qty: Decimal
    ) -> VenueOrder:
        state = self._state
        return VenueOrder(
            id=state.number("order"),
            client_id=client_id,
            account=account.name,
            symbol=position.symbol,
            side="BUY" if position.qty < 0 else "SELL",
            position_side=position.side,
            type="LIMIT",
            time_in_force="GTC",
            price=ZERO,
            qty=qty,
            created_ns=state.now_ns,
            updated_ns=state.now_ns,
        )

    def _average(self, symbol: str, is_buy: bool, qty: Decimal) -> Decimal:
        # Average price down the book; what it lacks is had at its last level, else at the mark.
        left, value, price = qty, ZERO, self._state.mark(symbol)
        for price, offered in self._state.book(symbol).levels(is_bid=not is_buy):
            part = min(left, offered)
            value += part * price
            left -= part
            if not left:
                break
        return self._rounded(symbol, (value + left * price) / qty)

    def _rounded(self, symbol: str, price: Decimal) -> Decimal:
        return price.quantize(quantum(self._state.symbols[symbol].price_precision))

"""Margin calls and liquidation of positions whose margin is gone."""

from decimal import Decimal

from lib.venue.accounts import Account, Income
from lib.venue.forced_trades import ForcedTrades
from lib.venue.formats import ZERO, money
from lib.venue.lifecycle import Lifecycle
from lib.venue.margin import position_maintenance
from lib.venue.positions import Position
from lib.venue.state import VenueState
from lib.venue.user_events import account_event, margin_call

CALL_RATIO = Decimal("0.8")
CALM_RATIO = Decimal("0.7")
"""Maintenance margin over margin balance at which an account is warned, and calm again."""


class Solvency:
    """Watches the accounts that hold positions.

    Args:
        state: The venue.
        lifecycle: Expires orders of liquidated accounts.
        forced: Closes their positions.
    """

    def __init__(self, state: VenueState, lifecycle: Lifecycle, forced: ForcedTrades) -> None:
        """Keep the parts."""
        self._state = state
        self._lifecycle = lifecycle
        self._forced = forced

    def on_mark(self, symbol: str) -> None:
        """Look at the accounts that a changed mark price concerns."""
        for account in self._state.accounts.values():
            positions = account.open_positions(symbol)
            if not positions or account.in_liquidation:
                continue
            if account.is_isolated(symbol):
                for position in positions:
                    self._check_isolated(account, position)
            else:
                self._check_cross(account, self._state.asset(symbol))

    def liquidate(self, account: Account, positions: list[Position]) -> None:
        """Expire the orders of the positions' symbols, close these, and settle the shortfall."""
        account.in_liquidation = True
        for position in positions:
            symbol = position.symbol
            isolated = account.is_isolated(symbol)
            floor = account.wallet(self._state.asset(symbol)) - position.isolated_wallet
            for order in account.orders.open(symbol):
                self._lifecycle.expire(order, "5")
            order = self._forced.liquidate(account, position)
            fee = money(order.quote * self._state.symbols[symbol].liquidation_fee)
            self._clear(account, symbol, -fee)
            if isolated:
                self._top_up(account, symbol, floor)
        account.in_liquidation = False
        account.margin_called = False
        if not account.open_positions():
            for position in positions:
                self._top_up(account, position.symbol, ZERO)

    def _check_cross(self, account: Account, asset: str) -> None:
        total = self._state.summary(account, asset)
        needed = [
            (each, position_maintenance(each, self._state.mark(each.symbol)))
            for each in account.open_positions()
            if not account.is_isolated(each.symbol) and self._state.asset(each.symbol) == asset
        ]
        maintenance = sum((margin for _, margin in needed), ZERO)
        balance = total.cross_wallet + total.cross_unrealised
        if balance <= maintenance:
            # In cross mode every order ties up the same margin: all go before any position.
            for order in account.orders.open():
                if self._state.asset(order.symbol) == asset:
                    self._lifecycle.expire(order, "5")
            self.liquidate(account, [each for each, _ in needed])
        elif maintenance > balance * CALL_RATIO and not account.margin_called:
            account.margin_called = True
            self._state.emit(account, margin_call(self._state, account, asset, needed))
        elif maintenance < balance * CALM_RATIO:
            account.margin_called = False

    def _check_isolated(self, account: Account, position: Position) -> None:
        mark = self._state.mark(position.symbol)
        needed = position_maintenance(position, mark)
        if position.isolated_wallet + position.unrealised(mark) <= needed:
            self.liquidate(account, [position])

    def _top_up(self, account: Account, symbol: str, floor: Decimal) -> None:
        # The insurance fund bears what a liquidation cost beyond the margin.
        missing = floor - account.wallet(self._state.asset(symbol))
        if missing > 0:
            self._clear(account, symbol, missing)

    def _clear(self, account: Account, symbol: str, change: Decimal) -> None:
        state = self._state
        asset = state.asset(symbol)
        number = state.number("income")
        account.pay(Income(symbol, "INSURANCE_CLEAR", change, asset, state.now_ns, number))
        event = account_event(state, account, asset, [], "INSURANCE_CLEAR", change)
        state.emit(account, event)

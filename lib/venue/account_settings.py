"""What an account may choose: leverage, margin type, position mode and the like."""

from decimal import Decimal
from typing import Any

from lib.venue.accounts import Account
from lib.venue.brackets import MAX_LEVERAGE, cap
from lib.venue.errors import VenueError
from lib.venue.formats import ZERO, money
from lib.venue.params import Params
from lib.venue.positions import Position
from lib.venue.state import VenueState
from lib.venue.user_events import account_event, config_event, margin_type_event

SUCCESS = {"code": 200, "msg": "success"}
ADD, REDUCE = 1, 2


class AccountSettings:
    """Reads and changes of settings.

    Args:
        state: The venue.
    """

    def __init__(self, state: VenueState) -> None:
        """Keep the state."""
        self._state = state

    def leverage(self, account: Account, params: Params) -> dict[str, Any]:
        """Set a symbol's leverage."""
        info = self._state.info(params.need("symbol"))
        leverage = params.need_long("leverage")
        if not 1 <= leverage <= MAX_LEVERAGE:
            raise VenueError(-4028, leverage=leverage)
        held = account.open_positions(info.symbol)
        before = account.leverage(info.symbol)
        if held and account.is_isolated(info.symbol) and leverage < before:
            raise VenueError(-4161)
        notional = sum((abs(each.qty) * self._state.mark(info.symbol) for each in held), ZERO)
        if notional > cap(leverage):
            raise VenueError(-2027)
        account.settings.leverage[info.symbol] = leverage
        if leverage < before and self._state.summary(account, info.margin_asset).available < 0:
            account.settings.leverage[info.symbol] = before
            raise VenueError(-2028)
        event = {"ac": {"s": info.symbol, "l": leverage}}
        self._state.emit(account, config_event(self._state, event))
        largest = str(cap(leverage))
        return {"leverage": leverage, "maxNotionalValue": largest, "symbol": info.symbol}

    def margin_type(self, account: Account, params: Params) -> dict[str, Any]:
        """Set a symbol's margin type."""
        info = self._state.info(params.need("symbol"))
        params.need("marginType")
        kind = params.choice("marginType", ("ISOLATED", "CROSSED"), -1130)
        isolated = kind == "ISOLATED"
        if isolated and account.settings.multi_assets:
            raise VenueError(-4168)
        if isolated == account.is_isolated(info.symbol):
            raise VenueError(-4046)
        if account.orders.open(info.symbol):
            raise VenueError(-4047)
        if account.open_positions(info.symbol):
            raise VenueError(-4048)
        if isolated:
            account.settings.isolated.add(info.symbol)
        else:
            account.settings.isolated.discard(info.symbol)
        legs = [account.position(info.symbol, side) for side in account.sides()]
        self._state.emit(account, margin_type_event(self._state, account, legs))
        return dict(SUCCESS)

    def position_margin(self, account: Account, params: Params) -> dict[str, Any]:
        """Add margin to an isolated position or take some away."""
        info = self._state.info(params.need("symbol"))
        change = params.need_decimal("amount")
        kind = params.need_long("type")
        if kind not in (ADD, REDUCE):
            raise VenueError(-1130, name="type")
        if change <= 0:
            raise VenueError(-4055)
        position = account.position(info.symbol, params.text("positionSide") or "BOTH")
        if not account.is_isolated(info.symbol) or not position.qty:
            raise VenueError(-4049)
        self._move_margin(account, position, change if kind == ADD else -change)
        event = account_event(
            self._state, account, info.margin_asset, [position], "MARGIN_TRANSFER"
        )
        self._state.emit(account, event)
        text = "Successfully modify position margin."
        return {"amount": float(change), "code": 200, "msg": text, "type": kind}

    def get_mode(self, account: Account, params: Params) -> dict[str, Any]:
        """Return whether the account is in hedge mode."""
        return {"dualSidePosition": account.settings.hedge}

    def set_mode(self, account: Account, params: Params) -> dict[str, Any]:
        """Choose hedge or one-way mode."""
        hedge = params.need_flag("dualSidePosition")
        if hedge == account.settings.hedge:
            raise VenueError(-4059)
        if account.orders.open():
            raise VenueError(-4067)
        if account.open_positions():
            raise VenueError(-4068)
        account.settings.hedge = hedge
        return dict(SUCCESS)

    def get_multi_assets(self, account: Account, params: Params) -> dict[str, Any]:
        """Return whether all assets serve as margin together."""
        return {"multiAssetsMargin": account.settings.multi_assets}

    def set_multi_assets(self, account: Account, params: Params) -> dict[str, Any]:
        """Choose single-asset or multi-assets mode."""
        wanted = params.need_flag("multiAssetsMargin")
        if wanted == account.settings.multi_assets:
            raise VenueError(-4171)
        if wanted and account.settings.isolated:
            raise VenueError(-4167)
        if account.orders.open() or account.open_positions():
            raise VenueError(-4172)
        account.settings.multi_assets = wanted
        self._state.emit(account, config_event(self._state, {"ai": {"j": wanted}}))
        return dict(SUCCESS)

    def get_fee_burn(self, account: Account, params: Params) -> dict[str, Any]:
        """Return whether fees may be paid in BNB (the venue never does)."""
        return {"feeBurn": account.settings.fee_burn}

    def set_fee_burn(self, account: Account, params: Params) -> dict[str, Any]:
        """Choose whether fees may be paid in BNB."""
        account.settings.fee_burn = params.need_flag("feeBurn")
        return dict(SUCCESS)

    def _move_margin(self, account: Account, position: Position, change: Decimal) -> None:
        symbol = position.symbol
        if change > 0:
            if change > self._state.summary(account, self._state.asset(symbol)).available:
                raise VenueError(-2019)
        else:
            mark = self._state.mark(symbol)
            needed = abs(position.qty) * mark / account.leverage(symbol)
            kept = position.isolated_wallet + min(position.unrealised(mark), ZERO)
            if kept + change < needed:
                raise VenueError(-4051)
        position.isolated_wallet = money(position.isolated_wallet + change)

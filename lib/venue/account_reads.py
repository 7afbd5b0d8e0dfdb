"""What the private endpoints show of balances, positions and settings."""

from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_MS
from lib.venue.account_wire import (
    account_position_v2,
    account_position_v3,
    asset_row,
    balance_row,
    brackets,
    risk_v2,
    risk_v3,
    totals,
)
from lib.venue.accounts import Account, Income
from lib.venue.brackets import cap
from lib.venue.formats import amount, milliseconds
from lib.venue.params import Params
from lib.venue.positions import Position
from lib.venue.state import VenueState

TOTALS_ASSET = "USDT"
RATE = Decimal("0.000001")
FLAGS: dict[str, Any] = {
    "feeTier": 0,
    "canTrade": True,
    "canDeposit": True,
    "canWithdraw": True,
}


class AccountReads:
    """Queries about an account.

    Args:
        state: The venue.
    """

    def __init__(self, state: VenueState) -> None:
        """Keep the state."""
        self._state = state

    def balance(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return the balance of each asset."""
        return [
            balance_row(account, asset, self._state.summary(account, asset))
            for asset in account.wallets
        ]

    def account_v3(self, account: Account, params: Params) -> dict[str, Any]:
        """Return totals, assets, and the positions in use."""
        state = self._state
        assets = [
            asset_row(account, each, state.summary(account, each)) for each in account.wallets
        ]
        positions = [account_position_v3(state, account, each) for each in self._used(account)]
        total = totals(state.summary(account, TOTALS_ASSET))
        return total | {"assets": assets, "positions": positions}

    def account_v2(self, account: Account, params: Params) -> dict[str, Any]:
        """Return flags, totals, assets, and a position for every symbol."""
        state = self._state
        assets = [
            asset_row(account, each, state.summary(account, each)) | {"marginAvailable": True}
            for each in account.wallets
        ]
        positions = [
            account_position_v2(state, account, each)
            for symbol in state.symbols
            for each in self._legs(account, symbol)
        ]
        head = FLAGS | {
            "feeBurn": account.settings.fee_burn,
            "updateTime": 0,
            "multiAssetsMargin": account.settings.multi_assets,
            "tradeGroupId": -1,
        }
        total = totals(state.summary(account, TOTALS_ASSET))
        return head | total | {"assets": assets, "positions": positions}

    def risk_v3(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return the positions in use."""
        symbol = self._symbol(params)
        return [
            risk_v3(self._state, account, each)
            for each in self._used(account)
            if symbol is None or each.symbol == symbol
        ]

    def risk_v2(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return a position for every symbol."""
        symbol = self._symbol(params)
        symbols = [symbol] if symbol is not None else list(self._state.symbols)
        return [
            risk_v2(self._state, account, each)
            for name in symbols
            for each in self._legs(account, name)
        ]

    def config(self, account: Account, params: Params) -> dict[str, Any]:
        """Return the account's settings."""
        return FLAGS | {
            "dualSidePosition": account.settings.hedge,
            "updateTime": 0,
            "multiAssetsMargin": account.settings.multi_assets,
            "tradeGroupId": -1,
        }

    def symbol_config(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return leverage and margin type by symbol."""
        symbol = self._symbol(params)
        return [
            {
                "symbol": each,
                "marginType": "ISOLATED" if account.is_isolated(each) else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": account.leverage(each),
                "maxNotionalValue": str(cap(account.leverage(each))),
            }
            for each in ([symbol] if symbol is not None else self._state.symbols)
        ]

    def brackets(self, account: Account, params: Params) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the leverage brackets, of one symbol as an object."""
        symbol = self._symbol(params)
        if symbol is not None:
            return brackets(symbol)
        return [brackets(each) for each in self._state.symbols]

    def commission(self, account: Account, params: Params) -> dict[str, Any]:
        """Return a symbol's fees."""
        info = self._state.info(params.need("symbol"))
        options = self._state.options
        return {
            "symbol": info.symbol,
            "makerCommissionRate": format(options.maker_fee.quantize(RATE), "f"),
            "takerCommissionRate": format(options.taker_fee.quantize(RATE), "f"),
            "rpiCommissionRate": "0.00005",
        }

    def income(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return wallet changes, oldest first; without times those of the last seven days."""
        symbol, kind = self._symbol(params), params.text("incomeType")
        limit = params.limit(100, 1000)
        start, end = params.long("startTime"), params.long("endTime")
        last_ms = end if end is not None else self._state.now_ms
        first_ms = start if start is not None else last_ms - 7 * 86_400_000
        rows = [
            each
            for each in account.incomes
            if (symbol is None or each.symbol == symbol)
            and (kind is None or each.kind == kind)
            and first_ms * NS_PER_MS <= each.time_ns < (last_ms + 1) * NS_PER_MS
        ]
        return [_income(each) for each in rows[:limit]]

    def adl(self, account: Account, params: Params) -> Any:
        """Return each position's place in the queue for auto-deleveraging."""
        symbol = self._symbol(params)
        rows = []
        for each in sorted({position.symbol for position in account.open_positions()}):
            held = {p.side: 2 for p in account.open_positions(each)}
            sides = ("LONG", "SHORT") if account.settings.hedge else ("BOTH",)
            rows.append({"symbol": each, "adlQuantile": {s: held.get(s, 0) for s in sides}})
        if symbol is None:
            return rows
        return next((row for row in rows if row["symbol"] == symbol), [])

    def order_limits(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Return the order rate limits."""
        return [
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ]

    def _symbol(self, params: Params) -> str | None:
        symbol = params.text("symbol")
        if symbol is not None:
            self._state.info(symbol)
        return symbol

    def _legs(self, account: Account, symbol: str) -> list[Position]:
        known = account.positions
        return [
            known.get((symbol, side)) or Position(symbol, side)
            for side in ("BOTH", *(account.sides() if account.settings.hedge else ()))
        ]

    def _used(self, account: Account) -> list[Position]:
        # Positions that are not flat, and the flat ones that open orders would change.
        used = {(each.symbol, each.side) for each in account.open_positions()}
        used |= account.orders.open_pairs()
        return [account.positions.get(pair) or Position(*pair) for pair in sorted(used)]


def _income(income: Income) -> dict[str, Any]:
    return {
        "symbol": income.symbol,
        "incomeType": income.kind,
        "income": amount(income.amount),
        "asset": income.asset,
        "info": income.kind,
        "time": milliseconds(income.time_ns),
        "tranId": income.id,
        "tradeId": income.trade_id,
    }

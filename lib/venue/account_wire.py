"""JSON shapes of balances, positions and settings as the private REST endpoints answer them."""

from decimal import Decimal
from typing import Any

from lib.venue.accounts import Account
from lib.venue.brackets import BRACKETS, cap
from lib.venue.formats import ZERO, amount, milliseconds, stripped
from lib.venue.margin import Summary, position_maintenance, symbol_margin
from lib.venue.positions import Position
from lib.venue.state import VenueState

ALIAS = "SgsR"


def balance_row(account: Account, asset: str, total: Summary) -> dict[str, Any]:
    """Return a row of v2/v3 balance."""
    free = amount(max(total.available, ZERO))
    return {
        "accountAlias": ALIAS,
        "asset": asset,
        "balance": amount(total.wallet),
        "crossWalletBalance": amount(total.cross_wallet),
        "crossUnPnl": amount(total.cross_unrealised),
        "availableBalance": free,
        "maxWithdrawAmount": free,
        "marginAvailable": True,
        "updateTime": milliseconds(account.updated_ns),
    }


def asset_row(account: Account, asset: str, total: Summary) -> dict[str, Any]:
    """Return an asset of v3 account (v2 adds marginAvailable)."""
    free = amount(max(total.available, ZERO))
    return {
        "asset": asset,
        "walletBalance": amount(total.wallet),
        "unrealizedProfit": amount(total.unrealised),
        "marginBalance": amount(total.wallet + total.unrealised),
        "maintMargin": amount(total.maintenance),
        "initialMargin": amount(total.position_margin + total.order_margin),
        "positionInitialMargin": amount(total.position_margin),
        "openOrderInitialMargin": amount(total.order_margin),
        "crossWalletBalance": amount(total.cross_wallet),
        "crossUnPnl": amount(total.cross_unrealised),
        "availableBalance": free,
        "maxWithdrawAmount": free,
        "updateTime": milliseconds(account.updated_ns),
    }


def totals(total: Summary) -> dict[str, Any]:
    """Return the account-wide sums of v2/v3 account."""
    free = amount(max(total.available, ZERO))
    return {
        "totalInitialMargin": amount(total.position_margin + total.order_margin),
        "totalMaintMargin": amount(total.maintenance),
        "totalWalletBalance": amount(total.wallet),
        "totalUnrealizedProfit": amount(total.unrealised),
        "totalMarginBalance": amount(total.wallet + total.unrealised),
        "totalPositionInitialMargin": amount(total.position_margin),
        "totalOpenOrderInitialMargin": amount(total.order_margin),
        "totalCrossWalletBalance": amount(total.cross_wallet),
        "totalCrossUnPnl": amount(total.cross_unrealised),
        "availableBalance": free,
        "maxWithdrawAmount": free,
    }


def account_position_v3(state: VenueState, account: Account, position: Position) -> dict[str, Any]:
    """Return a position of v3 account."""
    mark = state.mark(position.symbol)
    margins = symbol_margin(account, position.symbol, position.side, mark)
    return {
        "symbol": position.symbol,
        "positionSide": position.side,
        "positionAmt": stripped(position.qty),
        "unrealizedProfit": amount(position.unrealised(mark)),
        "isolatedMargin": stripped(isolated_margin(account, position, mark)),
        "notional": amount(position.qty * mark),
        "isolatedWallet": stripped(position.isolated_wallet),
        "initialMargin": amount(margins.position + margins.orders),
        "maintMargin": amount(position_maintenance(position, mark)),
        "updateTime": milliseconds(position.updated_ns),
    }


def account_position_v2(state: VenueState, account: Account, position: Position) -> dict[str, Any]:
    """Return a position of v2 account."""
    symbol = position.symbol
    mark = state.mark(symbol)
    margins = symbol_margin(account, symbol, position.side, mark)
    leverage = account.leverage(symbol)
    return {
        "symbol": symbol,
        "initialMargin": amount(margins.position + margins.orders),
        "maintMargin": amount(position_maintenance(position, mark)),
        "unrealizedProfit": amount(position.unrealised(mark)),
        "positionInitialMargin": amount(margins.position),
        "openOrderInitialMargin": stripped(margins.orders),
        "leverage": str(leverage),
        "isolated": account.is_isolated(symbol),
        "entryPrice": stripped(position.entry),
        "breakEvenPrice": stripped(position.break_even),
        "maxNotional": str(cap(leverage)),
        "bidNotional": stripped(margins.bids),
        "askNotional": stripped(margins.asks),
        "positionSide": position.side,
        "positionAmt": stripped(position.qty),
        "notional": stripped(position.qty * mark),
        "isolatedWallet": stripped(position.isolated_wallet),
        "updateTime": milliseconds(position.updated_ns),
    }


def risk_v3(state: VenueState, account: Account, position: Position) -> dict[str, Any]:
    """Return a row of v3 positionRisk."""
    symbol = position.symbol
    mark = state.mark(symbol)
    margins = symbol_margin(account, symbol, position.side, mark)
    return {
        "symbol": symbol,
        "positionSide": position.side,
        "positionAmt": stripped(position.qty),
        "entryPrice": stripped(position.entry),
        "breakEvenPrice": stripped(position.break_even),
        "markPrice": amount(mark),
        "unRealizedProfit": amount(position.unrealised(mark)),
        "liquidationPrice": stripped(liquidation_price(state, account, position)),
        "isolatedMargin": stripped(isolated_margin(account, position, mark)),
        "notional": amount(position.qty * mark),
        "marginAsset": state.asset(symbol),
        "isolatedWallet": stripped(position.isolated_wallet),
        "initialMargin": amount(margins.position + margins.orders),
        "maintMargin": amount(position_maintenance(position, mark)),
        "positionInitialMargin": amount(margins.position),
        "openOrderInitialMargin": stripped(margins.orders),
        "adl": 2 if position.qty else 0,
        "bidNotional": stripped(margins.bids),
        "askNotional": stripped(margins.asks),
        "updateTime": milliseconds(position.updated_ns),
    }


def risk_v2(state: VenueState, account: Account, position: Position) -> dict[str, Any]:
    """Return a row of v2 positionRisk."""
    symbol = position.symbol
    mark = state.mark(symbol)
    leverage = account.leverage(symbol)
    return {
        "symbol": symbol,
        "positionAmt": stripped(position.qty),
        "entryPrice": stripped(position.entry),
        "breakEvenPrice": stripped(position.break_even),
        "markPrice": amount(mark),
        "unRealizedProfit": amount(position.unrealised(mark)),
        "liquidationPrice": stripped(liquidation_price(state, account, position)),
        "leverage": str(leverage),
        "maxNotionalValue": str(cap(leverage)),
        "marginType": "isolated" if account.is_isolated(symbol) else "cross",
        "isolatedMargin": amount(isolated_margin(account, position, mark)),
        "isAutoAddMargin": "false",
        "positionSide": position.side,
        "notional": stripped(position.qty * mark),
        "isolatedWallet": stripped(position.isolated_wallet),
        "updateTime": milliseconds(position.updated_ns),
    }


def isolated_margin(account: Account, position: Position, mark: Decimal) -> Decimal:
    """Return an isolated position's margin with its open result, 0 in cross mode."""
    if not account.is_isolated(position.symbol) or not position.qty:
        return ZERO
    return position.isolated_wallet + position.unrealised(mark)


def liquidation_price(state: VenueState, account: Account, position: Position) -> Decimal:
    """Return the mark price at which the position's margin is gone, all else equal; 0 for none."""
    if not position.qty:
        return ZERO
    mark = state.mark(position.symbol)
    if account.is_isolated(position.symbol):
        cushion = position.isolated_wallet + position.unrealised(mark)
        cushion -= position_maintenance(position, mark)
    else:
        total = state.summary(account, state.asset(position.symbol))
        cushion = total.cross_wallet + total.cross_unrealised - total.maintenance
    # The maintenance margin moves with the price, too: its ratio is taken from where it is now.
    notional = abs(position.qty * mark)
    ratio = next((each.ratio for each in BRACKETS if notional <= each.cap), BRACKETS[-1].ratio)
    direction = 1 if position.qty > 0 else -1
    price = mark - direction * cushion / (abs(position.qty) * (1 - direction * ratio))
    return max(price, ZERO)


def brackets(symbol: str) -> dict[str, Any]:
    """Return a symbol's leverage brackets; numbers, not strings, as the exchange has it."""
    rows = [
        {
            "bracket": each.number,
            "initialLeverage": each.leverage,
            "notionalCap": each.cap,
            "notionalFloor": each.floor,
            "maintMarginRatio": float(each.ratio),
            "cum": float(each.deduction),
        }
        for each in BRACKETS
    ]
    return {"symbol": symbol, "brackets": rows}

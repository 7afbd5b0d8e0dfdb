"""What an account's positions and orders tie up, and what is left."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from lib.venue.accounts import Account
from lib.venue.brackets import maintenance
from lib.venue.formats import ZERO
from lib.venue.positions import Position

Marks = Callable[[str], Decimal]
"""Symbol -> mark price."""


class Extra(NamedTuple):
    """An order that is not placed yet, for the check before it is."""

    symbol: str
    position_side: str
    is_buy: bool
    notional: Decimal


class SymbolMargin(NamedTuple):
    """Initial margins and open notionals of one symbol (and leg), in quote units."""

    position: Decimal
    orders: Decimal
    bids: Decimal
    asks: Decimal


class Summary(NamedTuple):
    """An asset's whole picture, in that asset."""

    wallet: Decimal
    cross_wallet: Decimal
    unrealised: Decimal
    cross_unrealised: Decimal
    position_margin: Decimal
    order_margin: Decimal
    maintenance: Decimal
    available: Decimal


def symbol_margin(
    account: Account, symbol: str, side: str, mark: Decimal, extra: Extra | None = None
) -> SymbolMargin:
    """Return the margins of one position and of the orders that would change it.

    Orders tie up margin as far as they could make the position larger: the worse of "all bids
    fill" and "all asks fill" counts, beside the position as it is. Reduce-only orders do not.
    """
    bids = asks = ZERO
    for order in account.orders.open(symbol):
        if order.position_side == side and not order.reduce_only:
            notional = (order.price or mark) * order.remaining
            if order.is_buy:
                bids += notional
            else:
                asks += notional
    if extra is not None and (extra.symbol, extra.position_side) == (symbol, side):
        if extra.is_buy:
            bids += extra.notional
        else:
            asks += extra.notional
    held = account.qty(symbol, side) * mark
    leverage = account.leverage(symbol)
    position = abs(held) / leverage
    worst = max(abs(held + bids), abs(held - asks), abs(held)) / leverage
    return SymbolMargin(position, worst - position, bids, asks)


def touched(account: Account, extra: Extra | None = None) -> set[tuple[str, str]]:
    """Return the (symbol, position side) pairs that tie up margin."""
    pairs = {(each.symbol, each.side) for each in account.open_positions()}
    pairs |= account.orders.open_pairs()
    if extra is not None:
        pairs.add((extra.symbol, extra.position_side))
    return pairs


def position_maintenance(position: Position, mark: Decimal) -> Decimal:
    """Return a position's maintenance margin."""
    return maintenance(abs(position.qty * mark))


def summary(
    account: Account,
    asset: str,
    assets: Callable[[str], str],
    marks: Marks,
    extra: Extra | None = None,
) -> Summary:
    """Return the margins of all positions and orders that settle in one asset.

    Args:
        account: Whose.
        asset: The margin asset.
        assets: Symbol -> margin asset.
        marks: Symbol -> mark price.
        extra: An order to count as if it were open.
    """
    unrealised = cross = position_margin = order_margin = needed = set_apart = ties = ZERO
    for position in account.open_positions():
        if assets(position.symbol) != asset:
            continue
        mark = marks(position.symbol)
        result = position.unrealised(mark)
        unrealised += result
        needed += position_maintenance(position, mark)
        if account.is_isolated(position.symbol):
            set_apart += position.isolated_wallet
        else:
            cross += result
    for symbol, side in touched(account, extra):
        if assets(symbol) != asset:
            continue
        margins = symbol_margin(account, symbol, side, marks(symbol), extra)
        position_margin += margins.position
        order_margin += margins.orders
        ties += margins.orders + (ZERO if account.is_isolated(symbol) else margins.position)
    wallet = account.wallet(asset)
    available = wallet - set_apart + cross - ties
    return Summary(
        wallet, wallet - set_apart, unrealised, cross, position_margin, order_margin, needed,
        available,
    )  # fmt: skip

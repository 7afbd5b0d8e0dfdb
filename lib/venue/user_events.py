"""JSON shapes of the user-data events about orders, fills and balances."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lib.venue.accounts import Account
from lib.venue.formats import ZERO, amount, milliseconds, padded, stripped
from lib.venue.orders import VenueOrder
from lib.venue.positions import Position
from lib.venue.state import VenueState


@dataclass(frozen=True, slots=True)
class Execution:
    """What a fill adds to an order event; all zero for the other events."""

    qty: Decimal = ZERO
    price: Decimal = ZERO
    fee: Decimal = ZERO
    trade_id: int = 0
    realised: Decimal = ZERO
    maker: bool = False


NOTHING = Execution()


def order_event(
    state: VenueState,
    account: Account,
    order: VenueOrder,
    kind: str,
    execution: Execution = NOTHING,
    modify_id: int | None = None,
) -> dict[str, Any]:
    """Return an ORDER_TRADE_UPDATE; `kind` is the execution type."""
    bids, asks = account.open_notionals(order.symbol)
    now_ms = state.now_ms
    body: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": stripped(order.qty),
        "p": stripped(order.price),
        "ap": stripped(order.average),
        "sp": "0",
        "x": kind,
        "X": order.status,
        "i": order.id,
        "l": stripped(execution.qty),
        "z": stripped(order.filled),
        "L": stripped(execution.price),
        "n": stripped(execution.fee),
        "N": state.asset(order.symbol),
        "T": now_ms,
        "t": execution.trade_id,
        "b": stripped(bids),
        "a": stripped(asks),
        "m": execution.maker,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.type,
        "ps": order.position_side,
        "cp": order.close_position,
        "rp": stripped(execution.realised),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "NONE" if order.forced else order.prevention,
        "pm": order.price_match,
        "gtd": order.good_till_ms,
        "er": order.reason,
    }
    if modify_id is not None:
        body["M"] = str(modify_id)
    return {"e": "ORDER_TRADE_UPDATE", "T": now_ms, "E": now_ms, "o": body}


def trade_lite(state: VenueState, order: VenueOrder, execution: Execution) -> dict[str, Any]:
    """Return the early short notice of a fill."""
    info = state.symbols[order.symbol]
    return {
        "e": "TRADE_LITE",
        "E": state.now_ms,
        "T": state.now_ms,
        "s": order.symbol,
        "q": padded(order.qty, info.quantity_precision),
        "p": padded(order.price, info.price_precision),
        "m": execution.maker,
        "c": order.client_id,
        "S": order.side,
        "L": padded(execution.price, info.price_precision),
        "l": padded(execution.qty, info.quantity_precision),
        "t": execution.trade_id,
        "i": order.id,
    }


def account_event(
    state: VenueState,
    account: Account,
    asset: str,
    positions: list[Position],
    reason: str,
    change: Decimal = ZERO,
    symbol: str = "",
) -> dict[str, Any]:
    """Return an ACCOUNT_UPDATE; `change` is the balance change beside results and fees."""
    set_apart = sum(
        (
            each.isolated_wallet
            for each in account.open_positions()
            if account.is_isolated(each.symbol) and state.asset(each.symbol) == asset
        ),
        ZERO,
    )
    wallet = account.wallet(asset)
    balance = {
        "a": asset,
        "wb": amount(wallet),
        "cw": amount(wallet - set_apart),
        "bc": stripped(change),
    }
    body: dict[str, Any] = {
        "B": [balance],
        "P": [_position(state, account, each) for each in positions],
        "m": reason,
    }
    if symbol:
        body["S"] = symbol
    return {"e": "ACCOUNT_UPDATE", "T": state.now_ms, "E": state.now_ms, "a": body}


def margin_type_event(
    state: VenueState, account: Account, positions: list[Position]
) -> dict[str, Any]:
    """Return the ACCOUNT_UPDATE of a changed margin type, which lists no balance."""
    rows = [_position(state, account, each) for each in positions]
    body = {"B": [], "P": rows, "m": "MARGIN_TYPE_CHANGE"}
    return {"e": "ACCOUNT_UPDATE", "T": state.now_ms, "E": state.now_ms, "a": body}


def config_event(state: VenueState, body: dict[str, Any]) -> dict[str, Any]:
    """Return an ACCOUNT_CONFIG_UPDATE."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": state.now_ms, "T": state.now_ms, **body}


def margin_call(
    state: VenueState, account: Account, asset: str, rows: list[tuple[Position, Decimal]]
) -> dict[str, Any]:
    """Return a MARGIN_CALL about (position, maintenance margin) rows."""
    positions = [
        {
            "s": each.symbol,
            "ps": each.side,
            "pa": stripped(each.qty),
            "mt": "ISOLATED" if account.is_isolated(each.symbol) else "CROSSED",
            "iw": stripped(each.isolated_wallet),
            "mp": stripped(state.mark(each.symbol)),
            "up": stripped(each.unrealised(state.mark(each.symbol))),
            "mm": stripped(needed),
        }
        for each, needed in rows
    ]
    wallet = stripped(account.wallet(asset))
    return {"e": "MARGIN_CALL", "E": state.now_ms, "cw": wallet, "p": positions}


def force_order(state: VenueState, order: VenueOrder) -> dict[str, Any]:
    """Return the market's notice of a liquidation."""
    info = state.symbols[order.symbol]
    body = {
        "s": order.symbol,
        "S": order.side,
        "o": "LIMIT",
        "f": "IOC",
        "q": stripped(order.qty),
        "p": padded(order.price, info.price_precision),
        "ap": padded(order.average, info.price_precision),
        "X": order.status,
        "l": stripped(order.filled),
        "z": stripped(order.filled),
        "T": milliseconds(order.updated_ns),
        "ps": info.pair,
        "st": 1,
    }
    return {"e": "forceOrder", "E": state.now_ms, "o": body}


def _position(state: VenueState, account: Account, position: Position) -> dict[str, Any]:
    isolated = account.is_isolated(position.symbol)
    return {
        "s": position.symbol,
        "pa": stripped(position.qty),
        "ep": stripped(position.entry),
        "cr": stripped(position.realised),
        "up": stripped(position.unrealised(state.mark(position.symbol))),
        "mt": "isolated" if isolated else "cross",
        "iw": stripped(position.isolated_wallet),
        "ps": position.side,
        "ma": state.asset(position.symbol),
        "bep": stripped(position.break_even),
    }

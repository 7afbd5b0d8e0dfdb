"""Binance USD-M REST JSON to and from our values (pure).

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures, as of autumn 2026:
order replies carry no average price, conditional orders are "algo" orders, and a triggered one
becomes a regular order of the same client id.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_MS, OrderType, Side, Status, TimeInForce
from lib.models import ZERO
from lib.oms.events import BalanceReport, Fill, OrderReport, PositionReport

ONE_WAY = "BOTH"
MAX_BATCH = 5
CANDLES_PER_PAGE = 1_500

STATUSES = {
    "NEW": Status.NEW,
    "NEW_INSURANCE": Status.NEW,
    "NEW_ADL": Status.NEW,
    "PARTIALLY_FILLED": Status.PARTIALLY_FILLED,
    "FILLED": Status.FILLED,
    "CANCELED": Status.CANCELED,
    "EXPIRED": Status.EXPIRED,
    "EXPIRED_IN_MATCH": Status.EXPIRED,
    "REJECTED": Status.REJECTED,
}
"""Of regular orders; read by `order_status`."""
ALGO_STATUSES = {
    "NEW": Status.NEW,
    "TRIGGERING": Status.TRIGGERING,
    "TRIGGERED": Status.TRIGGERING,
    "CANCELED": Status.CANCELED,
    "EXPIRED": Status.EXPIRED,
    "REJECTED": Status.REJECTED,
}
ALGO_FINISHED = "FINISHED"
TYPES = {kind.value: kind for kind in OrderType}
NOT_FILLED = "its triggered order was not filled whole"

Json = dict[str, Any]


def order_params(intent: OrderIntent) -> Json:
    """Return the parameters of `POST /fapi/v1/order`, also as an item of a batch."""
    params: Json = {
        "symbol": intent.symbol,
        "side": intent.side,
        "quantity": intent.qty,
        "newClientOrderId": intent.id,
        "newOrderRespType": "RESULT",
    }
    if intent.price:
        force = TimeInForce.GTX if intent.post_only else TimeInForce.GTC
        params |= {"type": "LIMIT", "price": intent.price, "timeInForce": force.value}
    else:
        params["type"] = "MARKET"
    if intent.reduce_only:
        params["reduceOnly"] = "true"
    return params


def algo_params(intent: OrderIntent) -> Json:
    """Return the parameters of `POST /fapi/v1/algoOrder` for a conditional MARKET order."""
    params: Json = {
        "algoType": "CONDITIONAL",
        "symbol": intent.symbol,
        "side": intent.side,
        "type": "STOP_MARKET",
        "quantity": intent.qty,
        "triggerPrice": intent.price,
        "clientAlgoId": intent.id,
    }
    if intent.reduce_only:
        params["reduceOnly"] = "true"
    return params


def parse_order(row: Json) -> OrderReport:
    """Return what a regular order's row says (reply, query or list)."""
    kind = row.get("origType") or row["type"]
    return OrderReport(
        id=row["clientOrderId"],
        symbol=row["symbol"],
        exchange_id=int(row["orderId"]),
        side=Side(row["side"]),
        type=order_type(kind),
        status=order_status(row["status"]),
        price=Decimal(row["price"]),
        qty=Decimal(row["origQty"]),
        filled_qty=Decimal(row["executedQty"]),
        reduce_only=bool(row["reduceOnly"]),
        event_ns=int(row["updateTime"]) * NS_PER_MS,
        reason=expiry_text(row["status"], ""),
    )


def parse_algo(row: Json) -> OrderReport:
    """Return what a conditional order's row says (reply, query or list).

    A cancel's reply has no such row, and `FINISHED` tells nothing about the child: ask for it.
    """
    qty = Decimal(row["quantity"] or ZERO)
    filled = Decimal(row.get("actualQty") or ZERO)
    return OrderReport(
        id=row["clientAlgoId"],
        symbol=row["symbol"],
        exchange_id=int(row["algoId"]),
        side=Side(row["side"]),
        type=order_type(row["orderType"]),
        status=algo_status(row["algoStatus"], qty, filled),
        price=Decimal(row["triggerPrice"]),
        qty=qty,
        filled_qty=filled,
        reduce_only=bool(row["reduceOnly"] or row.get("closePosition")),
        event_ns=int(row["updateTime"]) * NS_PER_MS,
        reason=NOT_FILLED if row["algoStatus"] == ALGO_FINISHED and filled < qty else "",
        algo=True,
        child_id=int(row.get("actualOrderId") or 0),
    )


def order_type(name: str) -> OrderType:
    """Return our type for the exchange's; what we never send is shown as its nearest kin."""
    if name in TYPES:
        return TYPES[name]
    return OrderType.STOP_MARKET if name.endswith("_MARKET") else OrderType.LIMIT


def order_status(name: str) -> Status:
    """Return our status for a regular order's; further ways to expire are ends like the known.

    Raises:
        KeyError: Nothing is known of such a state.
    """
    return Status.EXPIRED if name.startswith("EXPIRED") else STATUSES[name]


def algo_status(name: str, qty: Decimal, filled: Decimal) -> Status:
    """Return our status for a conditional order's; `FINISHED` may mean filled or cancelled."""
    if name == ALGO_FINISHED:
        return Status.FILLED if filled >= qty else Status.CANCELED
    return ALGO_STATUSES[name]


def expiry_text(status: str, reason: str) -> str:
    """Return in words why an order ended."""
    if status == "EXPIRED_IN_MATCH":
        return "would have traded with an order of the same account"
    if status not in ("EXPIRED", "CANCELED"):
        return ""
    return EXPIRY_REASONS.get(reason, "")


EXPIRY_REASONS = {
    "1": "would have traded with an order of the same account",
    "2": "the rest could not be filled at once",
    "3": "the rest would have traded with an order of the same account",
    "4": "would no longer have reduced the position",
    "5": "the account is being liquidated",
    "6": "its condition is gone",
    "7": "the symbol was delisted",
    "8": "replaced when its stop triggered",
    "9": "the rest found no price within the exchange's bounds",
}
"""By the `er` of ORDER_TRADE_UPDATE (since 2025-10-23)."""


def parse_trade(row: Json) -> Fill:
    """Return one row of `userTrades`."""
    return Fill(
        symbol=row["symbol"],
        trade_id=int(row["id"]),
        exchange_id=int(row["orderId"]),
        qty=Decimal(row["qty"]),
        price=Decimal(row["price"]),
        fee=Decimal(row["commission"]),
        fee_asset=row["commissionAsset"],
        maker=bool(row["maker"]),
        event_ns=int(row["time"]) * NS_PER_MS,
    )


def parse_positions(rows: Iterable[Json]) -> list[PositionReport]:
    """Return the one-way rows of `positionRisk`."""
    return [
        PositionReport(
            symbol=row["symbol"],
            qty=Decimal(row["positionAmt"]),
            price=Decimal(row["entryPrice"]),
            unrealized=Decimal(row["unRealizedProfit"]),
            event_ns=int(row["updateTime"]) * NS_PER_MS,
        )
        for row in rows
        if row["positionSide"] == ONE_WAY
    ]


def parse_balances(rows: Iterable[Json]) -> list[BalanceReport]:
    """Return the rows of `balance` (v3)."""
    return [
        BalanceReport(
            asset=row["asset"],
            balance=Decimal(row["balance"]),
            available=Decimal(row["availableBalance"]),
            event_ns=int(row["updateTime"]) * NS_PER_MS,
        )
        for row in rows
    ]


def parse_candle(row: list[Any]) -> list[Any]:
    """Return one row of a `klines` answer: `[open_ns, open, high, low, close, volume]`."""
    open_ms, first, high, low, last, volume = row[:6]
    return [int(open_ms) * NS_PER_MS, str(first), str(high), str(low), str(last), str(volume)]

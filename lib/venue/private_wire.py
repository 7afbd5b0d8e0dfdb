"""JSON shapes of orders and trades as the private REST endpoints answer them."""

from decimal import Decimal
from typing import Any

from lib.venue.accounts import Amendment, Fill
from lib.venue.formats import milliseconds, padded, stripped
from lib.venue.orders import VenueOrder
from lib.venue.symbols import SymbolInfo

AVERAGE_DECIMALS = 5


def order_answer(order: VenueOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return the answer to a placement, change or cancel (no average, no quote since 2026-06)."""
    body = _common(order, info)
    body["cumQty"] = body["executedQty"]
    return body


def test_answer(order: VenueOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return the answer to a test placement, which still carries the average and the quote."""
    return order_answer(order, info) | {"avgPrice": "0.00000", "cumQuote": "0"}


def order_view(order: VenueOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return an order as the query endpoints show it."""
    body = _common(order, info)
    decimals = AVERAGE_DECIMALS if order.filled else info.price_precision
    body["avgPrice"] = padded(order.average, decimals)
    body["cumQuote"] = padded(order.quote, AVERAGE_DECIMALS)
    body["time"] = milliseconds(order.created_ns)
    return body


def history_view(order: VenueOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return an order as allOrders shows it."""
    return order_view(order, info) | {"pair": info.pair, "cumBase": "0"}


def forced_view(order: VenueOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return a liquidation or ADL order as forceOrders shows it."""
    body = history_view(order, info)
    body["type"] = body["origType"] = "LIMIT"
    left_out = ("priceProtect", "priceMatch", "selfTradePreventionMode", "goodTillDate")
    return {key: value for key, value in body.items() if key not in left_out}


def fill_view(fill: Fill, info: SymbolInfo) -> dict[str, Any]:
    """Return a trade as userTrades shows it."""
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "side": fill.side,
        "price": padded(fill.price, info.price_precision),
        "qty": padded(fill.qty, info.quantity_precision),
        "realizedPnl": stripped(fill.realised),
        "quoteQty": padded(fill.price * fill.qty, AVERAGE_DECIMALS),
        "commission": padded(fill.fee, 8),
        "commissionAsset": fill.fee_asset,
        "time": milliseconds(fill.time_ns),
        "positionSide": fill.position_side,
        "maker": fill.maker,
        "buyer": fill.side == "BUY",
        "marginAsset": info.margin_asset,
        "pair": info.pair,
        "baseQty": "0",
    }


def amendment_view(amendment: Amendment, info: SymbolInfo) -> dict[str, Any]:
    """Return a change of an order as orderAmendment shows it."""
    prices = (amendment.before[0], amendment.after[0])
    quantities = (amendment.before[1], amendment.after[1])
    change: dict[str, Any] = {
        "price": _change(prices, info.price_precision),
        "origQty": _change(quantities, info.quantity_precision),
        "count": amendment.count,
    }
    if amendment.modify_id is not None:
        change["modifyId"] = amendment.modify_id
    return {
        "amendmentId": amendment.id,
        "symbol": amendment.symbol,
        "pair": info.pair,
        "orderId": amendment.order_id,
        "clientOrderId": amendment.client_id,
        "time": milliseconds(amendment.time_ns),
        "amendment": change,
    }


def _change(values: tuple[Decimal, Decimal], precision: int) -> dict[str, str]:
    return {"before": padded(values[0], precision), "after": padded(values[1], precision)}


def _common(order: VenueOrder, info: SymbolInfo) -> dict[str, Any]:
    return {
        "orderId": order.id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_id,
        "price": padded(order.price, info.price_precision),
        "origQty": padded(order.qty, info.quantity_precision),
        "executedQty": padded(order.filled, info.quantity_precision),
        "timeInForce": order.time_in_force,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": padded(Decimal(0), info.price_precision),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.type,
        "priceMatch": order.price_match,
        "selfTradePreventionMode": order.prevention,
        "goodTillDate": order.good_till_ms,
        "updateTime": milliseconds(order.updated_ns),
    }

"""JSON shapes of conditional orders: REST answers and the ALGO_UPDATE event."""

from decimal import Decimal
from typing import Any

from lib.venue.algo_orders import AlgoOrder
from lib.venue.formats import ZERO, milliseconds, padded, stripped
from lib.venue.state import VenueState
from lib.venue.symbols import SymbolInfo

NO_BRACKET = {
    "tpTriggerPrice": "0.000",
    "tpPrice": "0.000",
    "slTriggerPrice": "0.000",
    "slPrice": "0.000",
    "tpOrderType": "",
}


def algo_answer(order: AlgoOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return the answer to a placement."""
    return {
        "algoId": order.id,
        "clientAlgoId": order.client_id,
        "algoType": "CONDITIONAL",
        "orderType": order.type,
        "symbol": order.symbol,
        "side": order.side,
        "positionSide": order.position_side,
        "timeInForce": order.time_in_force,
        "quantity": padded(order.qty, info.quantity_precision),
        "algoStatus": order.status,
        "triggerPrice": padded(order.trigger_price, info.price_precision),
        "price": padded(order.price, info.price_precision),
        "icebergQuantity": None,
        "selfTradePreventionMode": order.prevention,
        "workingType": order.working_type,
        "priceMatch": order.price_match,
        "closePosition": order.close_position,
        "priceProtect": order.price_protect,
        "reduceOnly": order.reduce_only,
        "activatePrice": _optional(order.activate_price, info.price_precision),
        "callbackRate": _optional(order.callback_rate, 1),
        "createTime": milliseconds(order.created_ns),
        "updateTime": milliseconds(order.updated_ns),
        "triggerTime": milliseconds(order.trigger_ns),
        "goodTillDate": order.good_till_ms,
    }


def algo_view(order: AlgoOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return an order as the queries of one and of all orders show it."""
    child = order.child
    actual = {
        "actualOrderId": str(child.id) if child is not None else "",
        "actualPrice": padded(child.average if child is not None else ZERO, 5),
    }
    return algo_answer(order, info) | actual | NO_BRACKET


def open_algo_view(order: AlgoOrder, info: SymbolInfo) -> dict[str, Any]:
    """Return an order as openAlgoOrders shows it."""
    view = algo_view(order, info)
    return view | {"actualQty": "0.0", "isActivated": order.activated}


def algo_event(state: VenueState, order: AlgoOrder) -> dict[str, Any]:
    """Return the ALGO_UPDATE of an order's present state."""
    child = order.child
    body: dict[str, Any] = {
        "caid": order.client_id,
        "aid": order.id,
        "at": "CONDITIONAL",
        "o": order.type,
        "s": order.symbol,
        "S": order.side,
        "ps": order.position_side,
        "f": order.time_in_force,
        "q": stripped(order.qty),
        "X": order.status,
        "ai": str(child.id) if child is not None else "",
        "tp": stripped(order.trigger_price),
        "p": stripped(order.price),
        "V": order.prevention,
        "wt": order.working_type,
        "pm": order.price_match,
        "cp": order.close_position,
        "pP": order.price_protect,
        "R": order.reduce_only,
        "tt": milliseconds(order.trigger_ns),
        "gtd": order.good_till_ms,
        "ia": order.activated,
    }
    if child is not None:
        finished = order.status == "FINISHED"
        body["ap"] = stripped(child.average) if finished else "0"
        body["aq"] = stripped(child.filled) if finished else "0"
        body["act"] = child.type
    if order.message:
        body["rm"] = order.message
    return {"e": "ALGO_UPDATE", "T": state.now_ms, "E": state.now_ms, "o": body}


def _optional(value: Decimal | None, precision: int) -> str:
    return padded(value, precision) if value is not None else ""

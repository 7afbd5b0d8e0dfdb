"""The REST surface in one table: path, who may call, what it costs, which parameters it reads."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

Params = Mapping[str, str]
Weight = int | Callable[[Params], int]


class Security(Enum):
    """What a request must carry."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Endpoint(NamedTuple):
    """One REST call.

    `orders` is what it counts on the 10 s and 1 min order limits; `names` are its parameters in
    lower case; `weighed` is False where the answer carries no weight header.
    """

    method: str
    path: str
    security: Security
    weight: Weight
    names: frozenset[str]
    orders: tuple[int, int] = (0, 0)
    weighed: bool = True


def by_limit(steps: tuple[tuple[int, int], ...], default: int) -> Weight:
    """Return a weight that depends on `limit`: the first step whose bound is not passed."""

    def weight(params: Params) -> int:
        text = params.get("limit", "")
        limit = int(text) if text.isdigit() else default
        return next((cost for bound, cost in steps if limit <= bound), steps[-1][1])

    return weight


def by_symbol(one: int, every: int) -> Weight:
    """Return a weight that depends on whether a symbol is named."""
    return lambda params: one if params.get("symbol") else every


DEPTH_WEIGHT = by_limit(((50, 2), (100, 5), (500, 10), (1000, 20)), 500)
KLINE_WEIGHT = by_limit(((99, 1), (499, 2), (1000, 5), (1500, 10)), 500)
SIGNING = ("timestamp", "recvwindow", "signature")
WINDOW = "startTime endTime limit"
ORDER = (
    "symbol side positionSide type timeInForce quantity reduceOnly price newClientOrderId "
    "newOrderRespType priceMatch selfTradePreventionMode goodTillDate stopPrice closePosition "
    "activationPrice callbackRate workingType priceProtect"
)
ALGO = (
    "algoType symbol side positionSide type timeInForce quantity price triggerPrice workingType "
    "priceMatch closePosition priceProtect reduceOnly activatePrice callbackRate clientAlgoId "
    "newOrderRespType selfTradePreventionMode goodTillDate"
)
ONE_ORDER = "symbol orderId origClientOrderId"

_TABLE: dict[tuple[str, str], Endpoint] = {}


def _add(
    security: Security,
    call: str,
    weight: Weight,
    names: str = "",
    orders: tuple[int, int] = (0, 0),
    *,
    weighed: bool = True,
) -> None:
    method, path = call.split()
    read = {name.lower() for name in names.split()}
    if security is Security.SIGNED:
        read |= set(SIGNING)
    row = Endpoint(method, path, security, weight, frozenset(read), orders, weighed)
    _TABLE[(method, path)] = row


def _add_public() -> None:
    add, none = _add, Security.NONE
    for path in ("/fapi/v1/ping", "/fapi/v1/time", "/api/v3/ping", "/api/v3/time"):
        add(none, f"GET {path}", 1)
    add(none, "GET /fapi/v1/exchangeInfo", 1, "symbol")
    add(none, "GET /fapi/v1/depth", DEPTH_WEIGHT, "symbol limit")
    add(none, "GET /fapi/v1/rpiDepth", DEPTH_WEIGHT, "symbol limit")
    add(none, "GET /fapi/v1/trades", 5, "symbol limit")
    add(Security.KEY, "GET /fapi/v1/historicalTrades", 20, "symbol limit fromId")
    add(none, "GET /fapi/v1/aggTrades", 20, f"symbol fromId {WINDOW}")
    add(none, "GET /fapi/v1/klines", KLINE_WEIGHT, f"symbol interval {WINDOW}")
    pair = f"pair contractType interval {WINDOW}"
    add(none, "GET /fapi/v1/continuousKlines", KLINE_WEIGHT, pair)
    add(none, "GET /fapi/v1/markPriceKlines", KLINE_WEIGHT, f"symbol interval {WINDOW}")
    add(none, "GET /fapi/v1/premiumIndexKlines", KLINE_WEIGHT, f"symbol interval {WINDOW}")
    add(none, "GET /fapi/v1/indexPriceKlines", KLINE_WEIGHT, f"pair interval {WINDOW}")
    add(none, "GET /fapi/v1/premiumIndex", by_symbol(1, 10), "symbol")
    add(none, "GET /fapi/v1/fundingRate", 0, f"symbol {WINDOW}", weighed=False)
    add(none, "GET /fapi/v1/fundingInfo", 0, weighed=False)
    add(none, "GET /fapi/v1/ticker/bookTicker", by_symbol(2, 5), "symbol")
    add(none, "GET /fapi/v1/ticker/price", by_symbol(1, 2), "symbol")
    add(none, "GET /fapi/v2/ticker/price", by_symbol(1, 2), "symbol")
    add(none, "GET /fapi/v1/ticker/24hr", by_symbol(1, 40), "symbol")
    add(none, "GET /fapi/v1/openInterest", 1, "symbol")
    for method in ("POST", "PUT", "DELETE"):
        # Clients send the key itself, which is not read but does no harm.
        add(Security.KEY, f"{method} /fapi/v1/listenKey", 1, "listenKey")


def _add_orders() -> None:
    add, signed = _add, Security.SIGNED
    add(signed, "POST /fapi/v1/order", 0, ORDER, (1, 1))
    add(signed, "POST /fapi/v1/order/test", 0, ORDER)
    modify = f"{ONE_ORDER} side quantity price priceMatch modifyId reduceOnly"
    add(signed, "PUT /fapi/v1/order", 0, modify, (1, 1))
    add(signed, "DELETE /fapi/v1/order", 1, ONE_ORDER)
    add(signed, "GET /fapi/v1/order", 1, ONE_ORDER)
    add(signed, "GET /fapi/v1/openOrder", 1, ONE_ORDER)
    add(signed, "GET /fapi/v1/openOrders", by_symbol(1, 40), "symbol")
    add(signed, "GET /fapi/v1/allOrders", 5, f"symbol orderId {WINDOW}")
    add(signed, "GET /fapi/v1/userTrades", 5, f"symbol orderId fromId {WINDOW}")
    add(signed, "POST /fapi/v1/batchOrders", 5, "batchOrders", (5, 1))
    add(signed, "PUT /fapi/v1/batchOrders", 5, "batchOrders", (5, 1))
    lists = "symbol orderIdList origClientOrderIdList"
    add(signed, "DELETE /fapi/v1/batchOrders", 1, lists)
    add(signed, "DELETE /fapi/v1/allOpenOrders", 1, "symbol")
    add(signed, "POST /fapi/v1/countdownCancelAll", 10, "symbol countdownTime")
    add(signed, "GET /fapi/v1/orderAmendment", 1, f"{ONE_ORDER} {WINDOW}")
    add(signed, "GET /fapi/v1/forceOrders", by_symbol(20, 50), f"symbol autoCloseType {WINDOW}")
    add(signed, "POST /fapi/v1/algoOrder", 0, ALGO, (1, 1))
    add(signed, "GET /fapi/v1/algoOrder", 1, "algoId clientAlgoId")
    add(signed, "DELETE /fapi/v1/algoOrder", 1, "algoId clientAlgoId symbol")
    add(signed, "GET /fapi/v1/openAlgoOrders", by_symbol(1, 40), "algoType symbol algoId")
    add(signed, "GET /fapi/v1/allAlgoOrders", 5, f"symbol algoId page {WINDOW}")
    add(signed, "DELETE /fapi/v1/algoOpenOrders", 1, "symbol")


def _add_account() -> None:
    add, signed = _add, Security.SIGNED
    for version in ("v2", "v3"):
        add(signed, f"GET /fapi/{version}/balance", 5)
        add(signed, f"GET /fapi/{version}/account", 5)
        add(signed, f"GET /fapi/{version}/positionRisk", 5, "symbol")
    add(signed, "GET /fapi/v1/accountConfig", 5)
    add(signed, "GET /fapi/v1/symbolConfig", 5, "symbol")
    add(signed, "POST /fapi/v1/leverage", 1, "symbol leverage")
    add(signed, "POST /fapi/v1/marginType", 1, "symbol marginType")
    add(signed, "POST /fapi/v1/positionMargin", 1, "symbol amount type positionSide")
    for name in ("positionSide/dual", "multiAssetsMargin", "feeBurn"):
        add(signed, f"GET /fapi/v1/{name}", 30)
    add(signed, "POST /fapi/v1/positionSide/dual", 1, "dualSidePosition")
    add(signed, "POST /fapi/v1/multiAssetsMargin", 1, "multiAssetsMargin")
    add(signed, "POST /fapi/v1/feeBurn", 1, "feeBurn")
    add(signed, "GET /fapi/v1/income", 30, f"symbol incomeType {WINDOW}")
    add(signed, "GET /fapi/v1/commissionRate", 20, "symbol")
    add(signed, "GET /fapi/v1/leverageBracket", 1, "symbol")
    add(signed, "GET /fapi/v1/rateLimit/order", 1)
    add(signed, "GET /fapi/v1/adlQuantile", 5, "symbol")
    add(signed, "GET /sapi/v1/account/apiRestrictions", 1)


_add_public()
_add_orders()
_add_account()
ENDPOINTS: dict[tuple[str, str], Endpoint] = dict(_TABLE)
"""(method, path) → endpoint."""
PATHS: frozenset[str] = frozenset(path for _, path in ENDPOINTS)

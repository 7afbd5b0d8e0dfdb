"""The exchangeInfo answer."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_MS
from lib.helpers import plain
from lib.venue.symbols import PERPETUAL_DELIVERY_MS, SymbolInfo

ORDER_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]
TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD"]
MAX_MOVES = 10_000


def exchange_info(
    symbols: Iterable[SymbolInfo], quotas: list[dict[str, object]], now_ns: int
) -> dict[str, Any]:
    """Return the whole answer.

    Args:
        symbols: Everything listed.
        quotas: `rateLimits`.
        now_ns: The venue's time; contracts that were delivered before are left out.
    """
    now_ms = now_ns // NS_PER_MS
    rows = [symbol_row(each) for each in symbols if each.delivery_ms > now_ms]
    assets = sorted({row["marginAsset"] for row in rows} | {"USDT", "BNB"})
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": quotas,
        "exchangeFilters": [],
        "assets": [
            {
                "asset": asset,
                "marginAvailable": asset != "BNB",
                "autoAssetExchange": "-10000" if asset != "BNB" else None,
            }
            for asset in assets
        ],
        "symbols": rows,
    }


def symbol_row(rules: SymbolInfo) -> dict[str, Any]:
    """Return one symbol as exchangeInfo has it."""
    return {
        "symbol": rules.symbol,
        "pair": rules.pair,
        "contractType": rules.contract_type,
        "deliveryDate": rules.delivery_ms or PERPETUAL_DELIVERY_MS,
        "onboardDate": rules.onboard_ms,
        "status": rules.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base_asset,
        "quoteAsset": rules.quote_asset,
        "marginAsset": rules.margin_asset,
        "pricePrecision": rules.price_precision,
        "quantityPrecision": rules.quantity_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": rules.underlying_type,
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": plain(rules.trigger_protect),
        "liquidationFee": plain(rules.liquidation_fee),
        "marketTakeBound": plain(rules.market_take_bound),
        "maxMoveOrderLimit": MAX_MOVES,
        "filters": _filters(rules),
        "orderTypes": ORDER_TYPES,
        "timeInForce": TIMES_IN_FORCE,
        "permissionSets": ["GRID", "COPY"],
    }


def _filters(rules: SymbolInfo) -> list[dict[str, Any]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": plain(rules.min_price),
            "maxPrice": plain(rules.max_price),
            "tickSize": plain(rules.tick),
        },
        _lot("LOT_SIZE", rules.min_qty, rules.max_qty, rules.step),
        _lot("MARKET_LOT_SIZE", rules.market_min_qty, rules.market_max_qty, rules.step),
        {"filterType": "MAX_NUM_ORDERS", "limit": rules.max_orders},
        {"filterType": "MIN_NOTIONAL", "notional": plain(rules.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": plain(rules.multiplier_up),
            "multiplierDown": plain(rules.multiplier_down),
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def _lot(kind: str, least: Decimal, most: Decimal, step: Decimal) -> dict[str, Any]:
    return {
        "filterType": kind,
        "minQty": plain(least),
        "maxQty": plain(most),
        "stepSize": plain(step),
    }

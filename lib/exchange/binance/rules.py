"""Trading rules of Binance products: read from `exchangeInfo`, checked against orders (pure)."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError, OrderRejected
from lib.exchange.rounding import check_notional, check_price, check_qty
from lib.helpers import decimal, plain
from lib.models import ZERO, Rules
from lib.oms.budget import Limit
from lib.oms.tracked import type_of

_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
NEAREST = 3


def parse_rules(info: dict[str, Any]) -> dict[str, Rules]:
    """Return symbol -> rules of an `exchangeInfo` answer."""
    return {row["symbol"]: _rules_of(row) for row in info["symbols"]}


def parse_limits(info: dict[str, Any]) -> list[Limit]:
    """Return the rate limits of an `exchangeInfo` answer that `lib.oms.budget` knows."""
    limits = []
    for row in info.get("rateLimits", []):
        seconds = _SECONDS.get(row["interval"], 0) * row["intervalNum"]
        name = {
            ("REQUEST_WEIGHT", 60): "weight",
            ("ORDERS", 10): "orders_10s",
            ("ORDERS", 60): "orders_1m",
        }.get((row["rateLimitType"], seconds))
        if name:
            limits.append(Limit(name, row["limit"], seconds * NS_PER_SECOND))
    return limits


def check_symbols(wanted: Iterable[str], rules: dict[str, Rules], rest_url: str) -> None:
    """Check that every symbol is listed.

    Raises:
        ConfigError: One is not; names the nearest listed ones.
    """
    for symbol in wanted:
        if symbol not in rules:
            near = get_close_matches(symbol.upper(), rules, NEAREST) or sorted(rules)[:NEAREST]
            raise ConfigError(
                f"symbol {symbol} is not listed by {rest_url}; nearest: {', '.join(near)}",
                about=symbol,
            )


def check_order(rules: Rules, intent: OrderIntent) -> None:
    """Check a finished order against the product's rules.

    The smallest notional of a MARKET order needs the mark price and is left to the exchange.

    Raises:
        OrderRejected: The exchange would refuse it.
    """
    qty = _number_of(rules.symbol, "quantity", intent.qty)
    check_qty(rules, type_of(intent), qty)
    _check_steps(rules.symbol, "quantity", qty, rules.step)
    if intent.price:
        price = _number_of(rules.symbol, "price", intent.price)
        check_price(rules, price)
        _check_steps(rules.symbol, "price", price, rules.tick)
        if not intent.reduce_only:
            check_notional(rules, qty, price)


def _number_of(symbol: str, what: str, text: str) -> Decimal:
    value = decimal(text)
    if not value.is_finite():
        raise OrderRejected(f"{symbol}: {what} {text} is no number")
    return value


def _check_steps(symbol: str, what: str, value: Decimal, step: Decimal) -> None:
    try:
        is_odd = bool(step) and value % step != 0
    except InvalidOperation:
        # where no limit bounds it: more steps than a Decimal can count
        is_odd = True
    if is_odd:
        raise OrderRejected(f"{symbol}: {what} {value} is not a multiple of {plain(step)}")


def _rules_of(row: dict[str, Any]) -> Rules:
    filters = {item["filterType"]: item for item in row["filters"]}
    price = filters.get("PRICE_FILTER", {})
    lot = filters.get("LOT_SIZE", {})
    market_lot = filters.get("MARKET_LOT_SIZE", lot)
    return Rules(
        symbol=row["symbol"],
        tick=_number(price, "tickSize"),
        step=_number(lot, "stepSize"),
        min_qty=_number(lot, "minQty"),
        max_qty=_number(lot, "maxQty"),
        market_max_qty=_number(market_lot, "maxQty"),
        min_notional=_number(filters.get("MIN_NOTIONAL", {}), "notional"),
        min_price=_number(price, "minPrice"),
        max_price=_number(price, "maxPrice"),
        quote_asset=row.get("marginAsset") or row["quoteAsset"],
    )


def _number(filter_row: dict[str, Any], name: str) -> Decimal:
    # exchangeInfo pads ("0.10000000"): the normal form keeps what is sent short
    value = Decimal(filter_row.get(name, ZERO))
    return value.normalize() if value else ZERO

"""Trading rules of Binance products: read from `exchangeInfo`, applied to orders (pure)."""

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError, OrderRejected
from lib.helpers import decimal, plain, round_down, round_up
from lib.models import ZERO, Rules
from lib.oms.budget import Limit

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
                f"symbol {symbol} is not listed by {rest_url}; nearest: {', '.join(near)}"
            )


def round_order(
    rules: Rules, qty: Decimal, price: Decimal | None
) -> tuple[Decimal, Decimal | None]:
    """Return signed quantity and price rounded to the product's steps, never to a worse risk.

    Quantities go down, buy prices down, sell prices up.
    """
    qty = round_down(qty, rules.step)
    if price is not None:
        price = round_down(price, rules.tick) if qty >= 0 else round_up(price, rules.tick)
    return qty, price


def check_order(rules: Rules, intent: OrderIntent) -> None:
    """Check a finished order against the product's rules.

    The smallest notional of a MARKET order needs the mark price and is left to the exchange.

    Raises:
        OrderRejected: The exchange would refuse it.
    """
    qty = decimal(intent.qty)
    most = rules.market_max_qty if not intent.price or intent.stop else rules.max_qty
    _check_steps(rules.symbol, "quantity", qty, rules.step)
    if qty < rules.min_qty or qty <= 0:
        raise OrderRejected(
            f"{rules.symbol}: quantity {intent.qty} is below {plain(rules.min_qty)}"
        )
    if most and qty > most:
        raise OrderRejected(f"{rules.symbol}: quantity {intent.qty} is above {plain(most)}")
    if intent.price:
        _check_price(rules, intent, qty)


def _check_price(rules: Rules, intent: OrderIntent, qty: Decimal) -> None:
    price = decimal(intent.price)
    _check_steps(rules.symbol, "price", price, rules.tick)
    if price <= 0 or price < rules.min_price:
        raise OrderRejected(f"{rules.symbol}: price {intent.price} is below {rules.min_price}")
    if rules.max_price and price > rules.max_price:
        raise OrderRejected(f"{rules.symbol}: price {intent.price} is above {rules.max_price}")
    if qty * price < rules.min_notional and not intent.reduce_only:
        raise OrderRejected(
            f"{rules.symbol}: {intent.qty} at {intent.price} is worth less than "
            f"{plain(rules.min_notional)} {rules.quote_asset}"
        )


def _check_steps(symbol: str, what: str, value: Decimal, step: Decimal) -> None:
    if not value.is_finite() or (step and value % step):
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

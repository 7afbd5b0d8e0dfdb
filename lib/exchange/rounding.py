"""Makes quantities and prices fit a product's rules, or says why they cannot (pure)."""

from decimal import Decimal

from lib.constants import OrderType, Side
from lib.errors import OrderRejected
from lib.helpers import plain, round_down, round_up
from lib.models import ZERO, Rules


def round_price(rules: Rules, side: Side, price: Decimal) -> Decimal:
    """Return `price` on the tick: buys down, sells up."""
    return round_down(price, rules.tick) if side is Side.BUY else round_up(price, rules.tick)


def round_qty(rules: Rules, qty: Decimal) -> Decimal:
    """Return the unsigned quantity on the step, rounded down."""
    return round_down(abs(qty), rules.step)


def check_qty(rules: Rules, kind: OrderType, qty: Decimal) -> None:
    """Check a rounded, unsigned base quantity.

    Raises:
        OrderRejected: Outside the product's limits.
    """
    if qty <= 0 or qty < rules.min_qty:
        raise OrderRejected(
            f"{rules.symbol}: quantity {plain(qty)} is below {plain(rules.min_qty)}"
        )
    most = rules.max_qty if kind is OrderType.LIMIT else rules.market_max_qty
    if most and qty > most:
        raise OrderRejected(f"{rules.symbol}: quantity {plain(qty)} is above {plain(most)}")


def check_price(rules: Rules, price: Decimal) -> None:
    """Check a rounded price.

    Raises:
        OrderRejected: Outside the product's limits.
    """
    if price <= 0 or price < rules.min_price:
        least = max(rules.min_price, rules.tick)
        raise OrderRejected(f"{rules.symbol}: price {plain(price)} is below {plain(least)}")
    if rules.max_price and price > rules.max_price:
        raise OrderRejected(
            f"{rules.symbol}: price {plain(price)} is above {plain(rules.max_price)}"
        )


def check_notional(rules: Rules, qty: Decimal, price: Decimal) -> None:
    """Check an order's value in the quote asset; price 0 = not known, not checked.

    Raises:
        OrderRejected: Below the product's minimum.
    """
    if price > ZERO and qty * price < rules.min_notional:
        raise OrderRejected(
            f"{rules.symbol}: {plain(qty)} at {plain(price)} is worth less than "
            f"{plain(rules.min_notional)} {rules.quote_asset}"
        )

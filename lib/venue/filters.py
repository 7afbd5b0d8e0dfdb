"""A symbol's trading rules applied to an order's price and quantity."""

from decimal import Decimal

from lib.helpers import plain
from lib.venue.errors import VenueError
from lib.venue.formats import padded
from lib.venue.symbols import SymbolInfo


def check_decimals(value: Decimal, precision: int) -> None:
    """Refuse more decimals than the precision.

    Raises:
        VenueError: -1111.
    """
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > precision:
        raise VenueError(-1111)


def check_price(info: SymbolInfo, price: Decimal) -> None:
    """Apply PRICE_FILTER.

    Raises:
        VenueError: -4001, -1111, -4013, -4002 or -4014.
    """
    if price <= 0:
        raise VenueError(-4001)
    check_decimals(price, info.price_precision)
    if info.min_price and price < info.min_price:
        raise VenueError(-4013)
    if info.max_price and price > info.max_price:
        raise VenueError(-4002)
    if info.tick and (price - info.min_price) % info.tick:
        raise VenueError(-4014)


def check_percent(info: SymbolInfo, price: Decimal, mark: Decimal, *, is_buy: bool) -> None:
    """Apply PERCENT_PRICE around the mark price, on the side where it costs the sender.

    Raises:
        VenueError: -4016 or -4024.
    """
    if not mark:
        return
    if is_buy and price > mark * info.multiplier_up:
        bound = padded(mark * info.multiplier_up, info.price_precision)
        raise VenueError(-4016, bound=bound)
    if not is_buy and price < mark * info.multiplier_down:
        bound = padded(mark * info.multiplier_down, info.price_precision)
        raise VenueError(-4024, bound=bound)


def check_quantity(info: SymbolInfo, qty: Decimal, *, is_market: bool) -> None:
    """Apply LOT_SIZE or MARKET_LOT_SIZE.

    Raises:
        VenueError: -4003, -1111, -4004, -4005 or -4023.
    """
    if qty <= 0:
        raise VenueError(-4003)
    check_decimals(qty, info.quantity_precision)
    smallest = info.market_min_qty if is_market else info.min_qty
    largest = info.market_max_qty if is_market else info.max_qty
    if qty < smallest:
        raise VenueError(-4004)
    if largest and qty > largest:
        raise VenueError(-4005)
    if info.step and (qty - smallest) % info.step:
        raise VenueError(-4023)


def check_notional(info: SymbolInfo, notional: Decimal, code: int = -4164) -> None:
    """Apply MIN_NOTIONAL.

    Raises:
        VenueError: `code`.
    """
    if notional < info.min_notional:
        raise VenueError(code, notional=plain(info.min_notional.normalize()))

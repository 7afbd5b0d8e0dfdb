"""In-process values: frozen, typed, exact. What crosses a process stands in `lib.bus.protocol`."""

from dataclasses import dataclass
from decimal import Decimal

from lib.constants import OrderType, Side, Status

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Order:
    """An order to place, for `PostList`.

    Args:
        qty: Signed base quantity: positive buys, negative sells.
        price: Limit price; None for MARKET; the trigger price with `stopmarket`.
        stopmarket: A conditional MARKET order at trigger `price`.
        post_only: Refused instead of executed when it would take.
        reduce_only: May only shrink the position.
        tag: A word of the bot's own, kept with the order.
    """

    qty: Decimal
    price: Decimal | None = None
    stopmarket: bool = False
    post_only: bool = False
    reduce_only: bool = False
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """What `onOrder` gets: the state of one own order, and the fill that led to it, if one did.

    Quantities are base quantities, unsigned; prices and fees quote or `fee_asset` amounts;
    `timestamp` is the exchange's, ns since the epoch; `exchange_id` is 0 while unknown.
    """

    id: str
    symbol: str
    side: Side
    type: OrderType
    status: Status
    price: Decimal
    qty: Decimal
    filled_qty: Decimal
    average_price: Decimal
    reduce_only: bool
    reason: str
    timestamp: int
    fill_qty: Decimal = ZERO
    fill_price: Decimal = ZERO
    trade_id: int = 0
    fee: Decimal = ZERO
    fee_asset: str = ""
    maker: bool = False
    exchange_id: int = 0
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """A product's trading rules, as `exchangeInfo` gives them."""

    symbol: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    market_max_qty: Decimal
    min_notional: Decimal
    min_price: Decimal
    max_price: Decimal
    quote_asset: str = "USDT"

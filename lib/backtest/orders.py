"""Own orders of a backtest: as the matching core has them, and as their bot was told (pure)."""

from dataclasses import dataclass
from decimal import Decimal

from lib.constants import OrderType, Side, Status
from lib.models import ZERO, Update

PLACES = 12
"""Decimal places of an average price."""


@dataclass(frozen=True, slots=True)
class OwnFill:
    """One execution of the account; `order_id` is "" for what the exchange did by itself."""

    time_ns: int
    owner: str
    order_id: str
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal
    realised: Decimal
    maker: bool
    trade_id: int
    mid: Decimal
    """Middle of the market's best prices at that time."""
    position: Decimal
    """Signed, after it."""


@dataclass(slots=True, eq=False)
class OwnOrder:
    """One order from its `Post` to its end; quantities in base units, times in ns."""

    id: str
    owner: str
    """`<bot name>:<SYMBOL>`."""
    symbol: str
    side: Side
    type: OrderType
    price: Decimal
    """Limit or trigger price, 0 for MARKET."""
    qty: Decimal
    post_only: bool
    reduce_only: bool
    tag: str
    posted_ns: int
    """Bot's clock."""
    arrives_ns: int
    """When it reaches the exchange."""
    status: Status = Status.PENDING
    filled: Decimal = ZERO
    quote: Decimal = ZERO
    exchange_id: int = 0
    reason: str = ""
    code: int = 0
    has_arrived: bool = False
    cancel_wanted: bool = False
    accepted_ns: int = 0
    ended_ns: int = 0
    told: Update | None = None
    """The newest state that its bot knows."""

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side is Side.BUY

    @property
    def is_conditional(self) -> bool:
        """Whether it waits for a trigger price."""
        return self.type is OrderType.STOP_MARKET

    def update(self, time_ns: int, fill: OwnFill | None = None, fee_asset: str = "") -> Update:
        """Return what `onOrder` gets about the present state, and the fill that led to it."""
        return Update(
            id=self.id,
            symbol=self.symbol,
            side=self.side,
            type=self.type,
            status=self.status,
            price=self.price,
            qty=self.qty,
            filled_qty=self.filled,
            average_price=self.average(),
            reduce_only=self.reduce_only,
            reason=self.reason,
            timestamp=time_ns,
            fill_qty=fill.qty if fill else ZERO,
            fill_price=fill.price if fill else ZERO,
            trade_id=fill.trade_id if fill else 0,
            fee=fill.fee if fill else ZERO,
            fee_asset=fee_asset if fill else "",
            maker=fill.maker if fill else False,
            exchange_id=self.exchange_id,
        )

    def average(self) -> Decimal:
        """Return the average fill price, 0 without fills."""
        return round(self.quote / self.filled, PLACES).normalize() if self.filled else ZERO

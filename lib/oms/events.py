"""What an exchange says, in our words: the input of `lib.oms` (pure).

An exchange's codec makes these from its JSON; nothing else in `lib.oms` knows a field name of any
exchange. Times are the exchange's own, ns since the epoch.
"""

from decimal import Decimal
from typing import NamedTuple

from lib.constants import OrderType, Side, Status


class Fill(NamedTuple):
    """One execution of one order."""

    symbol: str
    trade_id: int
    exchange_id: int
    """Exchange's id of the order."""
    qty: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    event_ns: int

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes a fill the same fill, however often and wherever it is told."""
        return self.symbol, self.trade_id, self.exchange_id


class OrderReport(NamedTuple):
    """State of one order as a reply, an event, a query or a list of open orders shows it."""

    id: str
    """Client order id on the wire, with the number of the attempt if it has one."""
    symbol: str
    exchange_id: int
    side: Side
    type: OrderType
    status: Status
    price: Decimal
    """Limit or trigger price; 0 for MARKET."""
    qty: Decimal
    filled_qty: Decimal
    """Cumulative."""
    reduce_only: bool
    event_ns: int
    reason: str = ""
    """Why it was cancelled, expired or refused."""
    algo: bool = False
    """True when this speaks of a conditional order itself, False for a regular order (which may be
    the child of a conditional one)."""
    child_id: int = 0
    """Exchange's id of the regular order that a conditional one became, 0 before."""
    fill: Fill | None = None
    """The execution that this report is about."""


class PositionReport(NamedTuple):
    """Position of one symbol, one-way mode."""

    symbol: str
    qty: Decimal
    """Signed."""
    price: Decimal
    """Entry price, 0 when flat."""
    unrealized: Decimal
    event_ns: int


class BalanceReport(NamedTuple):
    """Balance of one margin asset."""

    asset: str
    balance: Decimal
    available: Decimal | None
    """None when the source does not tell."""
    event_ns: int


class AccountReport(NamedTuple):
    """A change of positions and balances that belong together."""

    positions: tuple[PositionReport, ...]
    balances: tuple[BalanceReport, ...]
    event_ns: int
    reason: str = ""


class StreamNotice(NamedTuple):
    """Anything else that the account stream tells, by its event name."""

    name: str
    text: str


UserEvent = OrderReport | AccountReport | StreamNotice

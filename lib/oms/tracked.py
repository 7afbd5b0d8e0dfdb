"""One order as the order management knows it (pure)."""

from dataclasses import dataclass, field
from decimal import Decimal

from lib.bus.protocol import OrderIntent, OrderUpdate
from lib.constants import OrderType, Side, Status
from lib.helpers import decimal, plain
from lib.models import ZERO
from lib.oms.events import Fill, OrderReport
from lib.oms.ids import intent_id, made_ns, split_owner
from lib.oms.states import is_open

RECV_WINDOW_MS = 3_000
"""How long after its timestamp the exchange may still accept a request."""
MAX_PLACES = 12
"""Decimal places of an average price."""


@dataclass(slots=True)
class Tracked:
    """Belief about one order. `lib.oms.orders` alone changes it.

    A final status that came before all its fills is *held*: it is published when the booked fills
    add up to what the exchange says was executed, so that an owner's last update is the last.
    """

    owner: str
    incarnation: int
    """Life of the owner that sent it; 0 when it was found at the exchange."""
    id: str
    symbol: str
    side: Side
    type: str
    price: Decimal
    qty: Decimal
    reduce_only: bool
    conditional: bool
    sent_ns: int
    """Timestamp of its newest attempt's request, exchange's clock."""
    window_ms: int = RECV_WINDOW_MS
    """How long after that the exchange may still take the request."""
    wire_id: str = ""
    """Id of the newest attempt."""
    status: Status = Status.PENDING
    reason: str = ""
    exchange_id: int = 0
    """Of the regular order, or of a conditional order until its child is known."""
    child: bool = False
    filled_qty: Decimal = ZERO
    """Sum of the booked fills."""
    trades: set[int] = field(default_factory=set)
    """Trade ids of the booked fills: an order may rest for longer than any shared memory lasts."""
    quote: Decimal = ZERO
    reported_qty: Decimal = ZERO
    """What the exchange says was executed."""
    held: Status | None = None
    event_ns: int = 0
    known_ns: int = 0
    """When the exchange was first seen to have it, exchange's clock."""
    cancel_wanted: bool = False
    cancels: int = 0
    cancel_due_ns: int = 0
    queries: int = 0
    query_due_ns: int = 0
    fetches: int = 0
    fetch_due_ns: int = 0
    absent_ns: int = 0
    """Newest answer that showed its absence; 0 for none."""
    absences: int = 0
    """How many did."""
    missing_ns: int = 0
    """Since when the exchange denies that it has what it had, exchange's clock; 0 for never."""
    looks: int = 0
    """How often it was looked for after it had been called absent."""
    kept: bool = False
    """A protective stop that stays on purpose, without its bot, while the position lives."""

    @property
    def is_open(self) -> bool:
        """True while it may trade, or fills of it are missing."""
        return is_open(self.status)

    @property
    def is_stop(self) -> bool:
        """True for a protective order, which outlives its bot while the position is open."""
        return self.conditional and self.reduce_only

    @property
    def lacks_fills(self) -> bool:
        """True while the exchange has reported more executions than were booked."""
        return self.filled_qty < self.reported_qty

    def learn(self, report: OrderReport) -> None:
        """Take over what describes the order; the state is judged elsewhere."""
        if report.algo:
            self.conditional = True
            self.exchange_id = self.exchange_id or report.exchange_id
            if report.child_id:
                self.exchange_id, self.child = report.child_id, True
        elif report.exchange_id:
            self.exchange_id = report.exchange_id
            self.child = self.conditional
        if not self.qty:
            self.side, self.type = report.side, report.type.value
            self.price, self.reduce_only = report.price, report.reduce_only
        if report.qty:
            self.qty = report.qty
        self.reported_qty = max(self.reported_qty, report.filled_qty)
        self.event_ns = max(self.event_ns, report.event_ns)

    def book(self, fill: Fill) -> None:
        """Add one fill."""
        self.trades.add(fill.trade_id)
        self.filled_qty += fill.qty
        self.quote += fill.qty * fill.price
        self.event_ns = max(self.event_ns, fill.event_ns)

    def update(self, fill: Fill | None = None) -> OrderUpdate:
        """Return the message that tells the owner the state, and the fill that led to it."""
        average = self.quote / self.filled_qty if self.filled_qty else ZERO
        return OrderUpdate(
            owner=self.owner,
            symbol=self.symbol,
            id=self.id,
            side=self.side.value,
            type=self.type,
            status=self.status.value,
            price=plain(self.price),
            qty=plain(self.qty),
            filled_qty=plain(self.filled_qty),
            average_price=plain(round(average, MAX_PLACES).normalize()),
            reduce_only=self.reduce_only,
            reason=self.reason,
            fill_qty=plain(fill.qty) if fill else "0",
            fill_price=plain(fill.price) if fill else "0",
            trade_id=fill.trade_id if fill else 0,
            fee=plain(fill.fee) if fill else "0",
            fee_asset=fill.fee_asset if fill else "",
            maker=fill.maker if fill else False,
            event_ns=fill.event_ns if fill else self.event_ns,
            exchange_id=self.exchange_id,
        )


def type_of(intent: OrderIntent) -> OrderType:
    """Return the order type that an intent means."""
    if intent.stop:
        return OrderType.STOP_MARKET
    return OrderType.LIMIT if intent.price else OrderType.MARKET


def from_intent(
    owner: str,
    incarnation: int,
    intent: OrderIntent,
    now_ns: int,
    window_ms: int = RECV_WINDOW_MS,
) -> Tracked:
    """Return a new order that is about to be sent."""
    return Tracked(
        owner=owner,
        incarnation=incarnation,
        id=intent.id,
        symbol=intent.symbol,
        side=Side(intent.side),
        type=type_of(intent).value,
        price=decimal(intent.price) if intent.price else ZERO,
        qty=decimal(intent.qty),
        reduce_only=intent.reduce_only,
        conditional=intent.stop,
        sent_ns=now_ns,
        window_ms=window_ms,
        wire_id=intent.id,
        event_ns=now_ns,
    )


def from_report(owner: str, report: OrderReport) -> Tracked:
    """Return an order that was found at the exchange."""
    made = made_ns(report.id)
    return Tracked(
        owner=owner,
        incarnation=0,
        id=intent_id(report.id),
        symbol=report.symbol,
        side=report.side,
        type=report.type.value,
        price=report.price,
        qty=report.qty,
        reduce_only=report.reduce_only,
        conditional=report.algo,
        sent_ns=min(made, report.event_ns or made),
        wire_id=report.id,
    )


def asked_for(owner: str, incarnation: int, client_id: str, now_ns: int) -> Tracked:
    """Return an order of which only the id is known."""
    return Tracked(
        owner=owner,
        incarnation=incarnation,
        id=client_id,
        symbol=split_owner(owner)[1],
        side=Side.BUY,
        type=OrderType.LIMIT.value,
        price=ZERO,
        qty=ZERO,
        reduce_only=False,
        conditional=False,
        # an id may be ahead of the clock, which has stepped back; its request cannot be
        sent_ns=min(made_ns(client_id), now_ns),
        wire_id=client_id,
        status=Status.UNKNOWN,
        reason="asked for by its owner",
        query_due_ns=now_ns,
    )

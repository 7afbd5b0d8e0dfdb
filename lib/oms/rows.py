"""What the journal keeps, and how belief is made of it again (pure).

One row per order holds its newest state; one row per fill never changes; facts are small values by
name. Numbers are decimal strings, times integer ns by the exchange's clock.
"""

import json
from typing import Any, NamedTuple

from lib.bus.protocol import OrderUpdate
from lib.constants import Side, Status
from lib.helpers import decimal, plain
from lib.oms.events import Fill
from lib.oms.tracked import Tracked

ACKS = "acks"
"""Fact: owner -> number of the newest fill that it has acknowledged."""
TALLY = "tally"
"""Fact: the day's running results; `counted` is owner -> number of the newest fill in them."""
SWEPT = "swept:"
"""Begin of facts: newest trade of a symbol up to which all trades were read and booked."""


class OrderRow(NamedTuple):
    """Newest state of one order."""

    id: str
    owner: str
    incarnation: int
    """Life of the owner that sent it, or that adopted it."""
    symbol: str
    side: str
    type: str
    price: str
    qty: str
    reduce_only: int
    conditional: int
    status: str
    reason: str
    wire_id: str
    """Id of the newest attempt."""
    exchange_id: int
    child: int
    filled_qty: str
    quote: str
    reported_qty: str
    held: str
    """Final status that waits for its fills, "" for none."""
    sent_ns: int
    """Timestamp of the newest attempt's request."""
    window_ms: int
    """Its recvWindow."""
    known_ns: int
    event_ns: int
    cancel_wanted: int
    kept: int
    """1 = a reduce-only stop that stays on purpose while its position lives."""


class FillRow(NamedTuple):
    """One execution, numbered for its owner."""

    symbol: str
    trade_id: int
    exchange_id: int
    owner: str
    sequence: int
    """1, 2, 3, … per owner."""
    id: str
    """Client order id."""
    side: str
    qty: str
    price: str
    fee: str
    fee_asset: str
    maker: int
    event_ns: int
    told: str
    """JSON: the `OrderUpdate` that told the owner, as a list."""


class Fact(NamedTuple):
    """A small value that outlives the process: latches, watermarks, acknowledgements."""

    name: str
    value: str
    """JSON."""


class OwnerRow(NamedTuple):
    """An owner that was ever used, so that its orders are recognised for good."""

    prefix: str
    owner: str


Row = OrderRow | FillRow | Fact | OwnerRow


class Past(NamedTuple):
    """All that the journal knows at the start."""

    orders: list[OrderRow]
    """Oldest first: what is not final or may still appear, the newest, and those of `fills`."""
    fills: list[FillRow]
    """Oldest first: what is not acknowledged, not counted in the day's result, newer than its
    symbol's last sweep, or of an order that is not final."""
    facts: dict[str, Any]
    owners: dict[str, str]
    """Id prefix -> owner."""
    sequences: dict[str, int]
    """Owner -> number of its newest fill."""
    highest: dict[str, str]
    """Owner -> its greatest id."""


NOTHING = Past([], [], {}, {}, {}, {})


def row_of(order: Tracked) -> OrderRow:
    """Return what is kept of an order."""
    return OrderRow(
        id=order.id,
        owner=order.owner,
        incarnation=order.incarnation,
        symbol=order.symbol,
        side=order.side.value,
        type=order.type,
        price=plain(order.price),
        qty=plain(order.qty),
        reduce_only=int(order.reduce_only),
        conditional=int(order.conditional),
        status=order.status.value,
        reason=order.reason,
        wire_id=order.wire_id,
        exchange_id=order.exchange_id,
        child=int(order.child),
        filled_qty=plain(order.filled_qty),
        quote=plain(order.quote),
        reported_qty=plain(order.reported_qty),
        held=order.held.value if order.held else "",
        sent_ns=order.sent_ns,
        window_ms=order.window_ms,
        known_ns=order.known_ns,
        event_ns=order.event_ns,
        cancel_wanted=int(order.cancel_wanted),
        kept=int(order.kept),
    )


def order_of(row: OrderRow) -> Tracked:
    """Return the order that a row tells of, as it was believed to be."""
    return Tracked(
        owner=row.owner,
        incarnation=row.incarnation,
        id=row.id,
        symbol=row.symbol,
        side=Side(row.side),
        type=row.type,
        price=decimal(row.price),
        qty=decimal(row.qty),
        reduce_only=bool(row.reduce_only),
        conditional=bool(row.conditional),
        sent_ns=row.sent_ns,
        window_ms=row.window_ms,
        wire_id=row.wire_id,
        status=Status(row.status),
        reason=row.reason,
        exchange_id=row.exchange_id,
        child=bool(row.child),
        filled_qty=decimal(row.filled_qty),
        quote=decimal(row.quote),
        reported_qty=decimal(row.reported_qty),
        held=Status(row.held) if row.held else None,
        event_ns=row.event_ns,
        known_ns=row.known_ns,
        cancel_wanted=bool(row.cancel_wanted),
        kept=bool(row.kept),
    )


def fill_row(order: Tracked, fill: Fill, told: OrderUpdate) -> FillRow:
    """Return what is kept of one fill; `told` carries its number."""
    return FillRow(
        symbol=fill.symbol,
        trade_id=fill.trade_id,
        exchange_id=fill.exchange_id,
        owner=order.owner,
        sequence=told.fill_sequence,
        id=order.id,
        side=order.side.value,
        qty=plain(fill.qty),
        price=plain(fill.price),
        fee=plain(fill.fee),
        fee_asset=fill.fee_asset,
        maker=int(fill.maker),
        event_ns=fill.event_ns,
        told=json.dumps(list(told)),
    )


def update_of(row: FillRow) -> OrderUpdate:
    """Return the update that told of a fill."""
    return OrderUpdate(*json.loads(row.told))


def fact(name: str, value: Any) -> Fact:
    """Return a fact of any JSON value."""
    return Fact(name, json.dumps(value))

"""Risk: no order beyond a configured limit has reached the venue (pure)."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from lib.chaos.evidence import Evidence, Finding
from lib.chaos.ledger import Ledger, LedgerOrder

ROOM = Decimal("1.02")
"""Limits in money are checked at the price of the moment; the fill's own may differ a little."""
ZERO = Decimal(0)


class What(IntEnum):
    """What an order does."""

    COMES = 0
    FILLS = 1
    GOES = 2


class Event(NamedTuple):
    """Something that changes what is at risk, in the order in which it happened."""

    step: int
    what: What
    order: LedgerOrder
    change: Decimal
    """Signed quantity filled; 0 when an order comes or goes."""


def order_size(evidence: Evidence) -> Iterator[Finding]:
    """No order that may add risk is worth more than it may be."""
    usd, qty = evidence.limits.max_order_usd, evidence.limits.max_order_qty
    for order in evidence.ledger.orders:
        if not _adds(evidence, order):
            continue
        value = order.qty * (order.price or order.average_price)
        if (usd and value > usd * ROOM) or (qty and order.qty > qty):
            what = f"{order.side} {order.qty} {order.symbol} is worth {value:.2f}: too much"
            yield Finding("risk_order", order.client_id, what)


def open_orders(evidence: Evidence) -> Iterator[Finding]:
    """No bot has more open orders than it may have."""
    limit = evidence.limits.max_open_orders
    if limit is None:
        return
    counts: dict[str, int] = defaultdict(int)
    for event in _events(evidence.ledger):
        if (
            event.what is What.FILLS
            or not _adds(evidence, event.order)
            or event.order.type == "MARKET"
        ):
            continue
        owner = evidence.owners.of(event.order.client_id)
        counts[owner] += 1 if event.what is What.COMES else -1
        if counts[owner] > limit:
            what = f"{owner} had {counts[owner]} open orders, not {limit}"
            yield Finding("risk_open_orders", event.order.client_id, what)


def position_size(evidence: Evidence) -> Iterator[Finding]:
    """With all that was open on its side filled, no order took a position beyond its limit."""
    limit = evidence.limits.max_position_usd
    if limit is None:
        return
    held: dict[str, Decimal] = defaultdict(Decimal)
    resting: dict[str, dict[int, Decimal]] = defaultdict(dict)
    for event in _events(evidence.ledger):
        order = event.order
        held[order.symbol] += event.change
        rest = resting[order.symbol]
        if event.what is What.COMES and not order.reduce_only:
            rest[order.id] = _signed(order, order.qty)
            worst = abs(held[order.symbol] + _same_side(rest, rest[order.id]))
            value = worst * (order.price or order.average_price)
            excused = order.symbol in evidence.moved or not _adds(evidence, order)
            if value > limit * ROOM and worst > abs(held[order.symbol]) and not excused:
                what = f"{order.side} {order.qty} {order.symbol} could make it {value:.2f} USD"
                yield Finding("risk_position", order.client_id, what)
        elif event.what is What.FILLS and order.id in rest:
            rest[order.id] -= event.change
        elif event.what is What.GOES:
            rest.pop(order.id, None)


def _same_side(rest: dict[int, Decimal], like: Decimal) -> Decimal:
    return sum((qty for qty in rest.values() if (qty > 0) == (like > 0)), ZERO)


def _signed(order: LedgerOrder, qty: Decimal) -> Decimal:
    return qty if order.side == "BUY" else -qty


def _adds(evidence: Evidence, order: LedgerOrder) -> bool:
    return bool(evidence.owners.of(order.client_id)) and not order.reduce_only


def _events(ledger: Ledger) -> list[Event]:
    orders = {order.id: order for order in ledger.orders}
    found = [Event(order.born, What.COMES, order, ZERO) for order in ledger.orders]
    found += [
        Event(order.ended, What.GOES, order, ZERO) for order in ledger.orders if not order.is_open
    ]
    found += [
        Event(fill.step, What.FILLS, orders[fill.order_id], fill.signed)
        for fill in ledger.fills
        if fill.order_id in orders
    ]
    return sorted(found, key=lambda event: event.step)

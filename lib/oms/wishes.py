"""What is still to be done about one order, and when to try again (pure)."""

from lib.constants import NS_PER_MS, Status
from lib.oms.actions import Action, CancelOrder, FetchFills, QueryOrder
from lib.oms.tracked import Tracked

QUERY_MS = (200, 300, 500, 1_000, 1_000, 2_000)
CANCEL_MS = (250, 500, 1_000, 2_000, 5_000)
FETCH_MS = (500, 500, 1_000, 2_000, 5_000)
"""Waits between tries; the last one repeats."""
DOUBT_MS = (0, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000)
"""Waits while the exchange denies that it has what it had: a few such orders must not use up what
others need."""
LOOK_MS = (500, 500, 1_000, 3_000, 10_000, 30_000)
"""Waits before an order that was called absent is looked for again; then no more."""


def first_query_ns() -> int:
    """Return how long an event may take before an order of unknown fate is asked for."""
    return QUERY_MS[0] * NS_PER_MS


def first_fetch_ns() -> int:
    """Return how long a fill's event may take before the fill is asked for."""
    return FETCH_MS[0] * NS_PER_MS


def first_look_ns() -> int:
    """Return after how long an order that was called absent is looked for again."""
    return LOOK_MS[0] * NS_PER_MS


def doubt_ns(order: Tracked) -> int:
    """Return how long to wait before an order that has gone missing is asked for again."""
    return _step(DOUBT_MS, order.absences)


def looks_of(order: Tracked, now_ns: int) -> list[Action]:
    """Return the question after an order that was called absent, when it is due again."""
    if now_ns < order.query_due_ns:
        return []
    order.looks += 1
    more = order.looks < len(LOOK_MS)
    order.query_due_ns = now_ns + LOOK_MS[order.looks] * NS_PER_MS if more else 0
    return [QueryOrder(order.wire_id, order.symbol, order.conditional)]


def due_of(order: Tracked, now_ns: int) -> list[Action]:
    """Return what is to be done about one order by now, and set the time of the next try."""
    if order.status is Status.PENDING:
        return []
    actions: list[Action] = []
    if order.lacks_fills and 0 < order.fetch_due_ns <= now_ns:
        order.fetches += 1
        order.fetch_due_ns = now_ns + _step(FETCH_MS, order.fetches)
        actions.append(FetchFills(order.id, order.symbol, order.exchange_id))
    if order.held is not None or not order.is_open:
        return actions
    if order.cancel_wanted and order.cancel_due_ns <= now_ns:
        order.cancels += 1
        order.cancel_due_ns = now_ns + _step(CANCEL_MS, order.cancels - 1)
        actions.append(CancelOrder(order.wire_id, order.symbol, order.conditional, order.child))
    if 0 < order.query_due_ns <= now_ns:
        order.queries += 1
        # the question may not be put now: while there is doubt, the next one is always planned
        again = order.status is Status.UNKNOWN or order.missing_ns > 0
        order.query_due_ns = now_ns + _step(QUERY_MS, order.queries) if again else 0
        conditional = order.conditional if order.known_ns or order.qty else None
        actions.append(QueryOrder(order.wire_id, order.symbol, conditional))
    return actions


def _step(steps_ms: tuple[int, ...], count: int) -> int:
    return steps_ms[min(count, len(steps_ms) - 1)] * NS_PER_MS

"""Belief against what the exchange lists, in two steps: differences, then actions (pure)."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from lib.constants import NS_PER_MS
from lib.oms.actions import Action
from lib.oms.events import OrderReport
from lib.oms.ids import intent_id
from lib.oms.orders import Orders
from lib.oms.states import WORKING

YOUNG_NS = 1_000 * NS_PER_MS
"""Orders known for less than this may be missing from a list that lags behind."""


class Kind(StrEnum):
    """How belief and list may differ."""

    VANISHED = "vanished"
    """We hold it for open, the exchange does not list it: ask, drop nothing."""
    SURFACED = "surfaced"
    """The exchange lists an order of ours that we did not hold for open."""
    CHANGED = "changed"
    """Both have it, the exchange knows more executions."""


class Difference(NamedTuple):
    """One disagreement."""

    kind: Kind
    id: str
    report: OrderReport | None


def compare(orders: Orders, listed: Sequence[OrderReport], asked_ns: int) -> list[Difference]:
    """Return where belief and a complete list of open orders differ.

    Args:
        orders: Belief.
        listed: All open orders, regular and conditional, foreign ones included.
        asked_ns: The exchange's clock when the list was asked for.
    """
    found = [_judge(orders, report) for report in listed if orders.owner_of(report.id)]
    names = {intent_id(report.id) for report in listed}
    vanished = [
        Difference(Kind.VANISHED, order.id, None)
        for order in orders.open_orders()
        if order.status in WORKING
        and order.held is None
        and order.known_ns < asked_ns - YOUNG_NS
        and order.id not in names
    ]
    return [difference for difference in found if difference is not None] + vanished


def correct(orders: Orders, differences: Iterable[Difference], now_ns: int) -> list[Action]:
    """Return what is to be done about differences."""
    actions: list[Action] = []
    for difference in differences:
        if difference.report is None:
            actions += orders.on_question(difference.id, now_ns)
        else:
            actions += orders.on_report(difference.report, now_ns)
    return actions


def _judge(orders: Orders, report: OrderReport) -> Difference | None:
    order = orders.get(report.id)
    if order is None or order.status not in WORKING:
        return Difference(Kind.SURFACED, intent_id(report.id), report)
    if report.filled_qty > max(order.filled_qty, order.reported_qty):
        return Difference(Kind.CHANGED, order.id, report)
    return None

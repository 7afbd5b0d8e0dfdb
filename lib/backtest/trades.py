"""What fills and orders say about a strategy (pure).

Signs: a positive spread capture or mark-out is good for us, whatever the side.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lib.backtest.orders import OwnFill, OwnOrder
from lib.backtest.recorder import HORIZONS, MarkedFill
from lib.constants import NS_PER_SECOND, Side, Status
from lib.models import ZERO

BPS = Decimal(10_000)


class Holding(NamedTuple):
    """A part of a position that was opened and closed, first in first out."""

    qty: Decimal
    ns: int


def signed(fill: OwnFill) -> Decimal:
    """Return a fill's quantity, negative for a sale."""
    return fill.qty if fill.side is Side.BUY else -fill.qty


def spread_capture(fill: OwnFill) -> Decimal:
    """Return what a fill's price was better than the middle, in quote."""
    return (fill.mid - fill.price) * signed(fill) if fill.mid else ZERO


def holdings(fills: Iterable[OwnFill]) -> list[Holding]:
    """Return how long each part of one symbol's position was held."""
    open_lots: deque[tuple[Decimal, int]] = deque()
    closed: list[Holding] = []
    for fill in fills:
        left = signed(fill)
        while left and open_lots and open_lots[0][0] * left < 0:
            qty, opened_ns = open_lots.popleft()
            part = min(abs(qty), abs(left))
            closed.append(Holding(part, fill.time_ns - opened_ns))
            rest = abs(qty) - part
            if rest:
                open_lots.appendleft((rest if qty > 0 else -rest, opened_ns))
            left = left - part if left > 0 else left + part
        if left:
            open_lots.append((left, fill.time_ns))
    return closed


def mark_outs(fills: Sequence[MarkedFill]) -> dict[str, dict[str, Any]]:
    """Return, by horizon in seconds, what the fills were worth then against the middle.

    `quote` is the sum in the quote asset, `bps` it relative to the notional, `adverse` the part
    that the middle itself moved (negative: against us); fills whose horizon lies beyond the end
    of the run are left out and counted by nobody.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, seconds in enumerate(HORIZONS):
        value = adverse = notional = ZERO
        count = 0
        for marked in fills:
            later, fill = marked.later[number], marked.fill
            if later is None or not fill.mid:
                continue
            count += 1
            value += (later - fill.price) * signed(fill)
            adverse += (later - fill.mid) * signed(fill)
            notional += fill.price * fill.qty
        found[f"{seconds:g}"] = {
            "fills": count,
            "quote": value,
            "adverse": adverse,
            "bps": float(value / notional * BPS) if notional else 0.0,
        }
    return found


def fill_figures(fills: Sequence[MarkedFill]) -> dict[str, Any]:
    """Return the sums over some fills."""
    rows = [marked.fill for marked in fills]
    volume = sum((fill.price * fill.qty for fill in rows), ZERO)
    capture = sum((spread_capture(fill) for fill in rows), ZERO)
    return {
        "fills": len(rows),
        "maker_fills": sum(fill.maker for fill in rows),
        "forced_fills": sum(not fill.order_id for fill in rows),
        "volume": volume,
        "fees": sum((fill.fee for fill in rows), ZERO),
        "realised": sum((fill.realised for fill in rows), ZERO),
        "spread_capture": capture,
        "spread_capture_bps": float(capture / volume * BPS) if volume else 0.0,
        "mark_outs": mark_outs(fills),
    }


def holding_figures(fills: Iterable[OwnFill]) -> dict[str, Any]:
    """Return mean, median and longest holding time in seconds, weighted by quantity."""
    held = sorted(holdings(fills), key=lambda each: each.ns)
    total = sum((each.qty for each in held), ZERO)
    if not total:
        return {"mean_s": 0.0, "median_s": 0.0, "longest_s": 0.0}
    mean_ns = sum((each.qty * each.ns for each in held), ZERO) / total
    reached, median_ns = ZERO, 0
    for each in held:
        reached += each.qty
        if reached * 2 >= total:
            median_ns = each.ns
            break
    return {
        "mean_s": round(float(mean_ns) / NS_PER_SECOND, 6),
        "median_s": median_ns / NS_PER_SECOND,
        "longest_s": held[-1].ns / NS_PER_SECOND,
    }


def order_figures(orders: Sequence[OwnOrder]) -> dict[str, Any]:
    """Return counts, fill ratios, and times from `Post` to acceptance and to the end."""
    accepted = [order for order in orders if order.accepted_ns]
    wanted = sum((order.qty for order in accepted), ZERO)
    filled = sum((order.filled for order in accepted), ZERO)
    with_fills = sum(order.filled > 0 for order in accepted)
    statuses = [order.status for order in orders]
    return {
        "orders": len(orders),
        "filled": statuses.count(Status.FILLED),
        "canceled": statuses.count(Status.CANCELED),
        "expired": statuses.count(Status.EXPIRED),
        "rejected": statuses.count(Status.REJECTED),
        "open": sum(not status.is_final for status in statuses),
        "fill_ratio": round(with_fills / len(accepted), 6) if accepted else 0.0,
        "fill_ratio_qty": round(float(filled / wanted), 6) if wanted else 0.0,
        "accept_ms": _quantiles([order.accepted_ns - order.posted_ns for order in accepted]),
        "life_ms": _quantiles(
            [order.ended_ns - order.accepted_ns for order in accepted if order.ended_ns]
        ),
    }


def _quantiles(times_ns: list[int]) -> dict[str, float]:
    ordered = sorted(max(0, time_ns) for time_ns in times_ns)
    return {
        f"p{percent}": round(ordered[-(-len(ordered) * percent // 100) - 1] / 1e6, 3)
        if ordered
        else 0.0
        for percent in (50, 95, 99)
    }

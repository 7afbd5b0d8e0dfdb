"""Compares two runs order by order and fill by fill, and says why they differ (pure).

An order of one run is matched with one of the other that has the same bot, symbol, side and type,
was posted within the tolerances of time and price, and is the nearest: of those at the same price,
else of all, the one that is nearest in time. Fills are matched likewise.

A fill without a match is classed by what became of its order in the other run:
`latency`: a matched order was there, but not yet or no longer when the fill happened;
`queue`: a matched order was there at that time, and others were served before it;
`data`: there is no such order: the bot saw another market, or had come to another state.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from statistics import fmean
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND

TOLERANCE_NS = 2 * NS_PER_SECOND
PRICE_BPS = 0.5
"""Prices that are no further apart count as the same quote at another moment."""
BPS = 10_000
CLASSES = ("latency", "queue", "data")
Row = Mapping[str, str]


class Unmatched(NamedTuple):
    """A fill that only one of the runs has."""

    run: str
    """`left` or `right`: which has it."""
    reason: str
    """One of `CLASSES`."""
    time_ns: int
    symbol: str
    side: str
    price: str
    qty: str


class Parity(NamedTuple):
    """The comparison."""

    orders: tuple[int, int]
    matched_orders: int
    fills: tuple[int, int]
    matched_fills: int
    apart_bps: float
    """Mean distance of the prices of matched fills."""
    unmatched: list[Unmatched]

    @property
    def share(self) -> float:
        """Matched fills of all fills of the run that has more of them, 1 when there are none."""
        most = max(self.fills)
        return self.matched_fills / most if most else 1.0

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "orders": list(self.orders),
            "matched_orders": self.matched_orders,
            "fills": list(self.fills),
            "matched_fills": self.matched_fills,
            "share": round(self.share, 6),
            "apart_bps": round(self.apart_bps, 6),
            "differences": dict(Counter(each.reason for each in self.unmatched)),
            "unmatched": [each._asdict() for each in self.unmatched],
        }


def compare(
    orders: tuple[Sequence[Row], Sequence[Row]],
    fills: tuple[Sequence[Row], Sequence[Row]],
    tolerance_ns: int = TOLERANCE_NS,
    price_bps: float = PRICE_BPS,
) -> Parity:
    """Return the comparison of two runs' tables: left and right.

    Args:
        orders: Rows of `orders.csv`.
        fills: Rows of `fills.csv`.
        tolerance_ns: How far apart the same thing may happen.
        price_bps: How far apart its prices may be.
    """
    pairs = _match(orders, _order_key, "posted_ns", tolerance_ns, price_bps)
    right_of = {orders[0][left]["id"]: orders[1][right] for left, right in pairs}
    left_of = {row["id"]: orders[0][left] for left, row in _rights(pairs, orders[1])}
    found = _match(fills, _fill_key, "time_ns", tolerance_ns, price_bps)
    lefts, rights = {left for left, _ in found}, {right for _, right in found}
    unmatched = [
        *(_classed("left", row, right_of) for n, row in enumerate(fills[0]) if n not in lefts),
        *(_classed("right", row, left_of) for n, row in enumerate(fills[1]) if n not in rights),
    ]
    return Parity(
        (len(orders[0]), len(orders[1])),
        len(pairs),
        (len(fills[0]), len(fills[1])),
        len(found),
        fmean([_apart(fills[0][left], fills[1][right]) for left, right in found] or [0.0]),
        sorted(unmatched, key=lambda each: each.time_ns),
    )


def _rights(pairs: Iterable[tuple[int, int]], rows: Sequence[Row]) -> Iterable[tuple[int, Row]]:
    return ((left, rows[right]) for left, right in pairs)


def _match(
    runs: tuple[Sequence[Row], Sequence[Row]],
    key_of: Callable[[Row], tuple[str, ...]],
    time: str,
    tolerance_ns: int,
    price_bps: float,
) -> list[tuple[int, int]]:
    waiting: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, row in enumerate(runs[1]):
        waiting[key_of(row)].append((int(row[time]), number))
    for there in waiting.values():
        there.sort()
    pairs = []
    for number, row in enumerate(runs[0]):
        there = waiting[key_of(row)]
        moment = int(row[time])
        first = bisect_left(there, (moment - tolerance_ns, 0))
        last = bisect_left(there, (moment + tolerance_ns + 1, 0))
        near = [
            (apart > 0, abs(at - moment), place)
            for place, (at, other) in enumerate(there[first:last], first)
            if (apart := _apart(row, runs[1][other])) <= price_bps
        ]
        if near:
            pairs.append((number, there.pop(min(near)[2])[1]))
    return pairs


def _apart(left: Row, right: Row) -> float:
    """Return how far apart two prices are, in bps; MARKET orders have none."""
    first, second = Decimal(left["price"] or 0), Decimal(right["price"] or 0)
    if first == second:
        return 0.0
    return float(abs(first - second) / max(first, second)) * BPS


def _order_key(row: Row) -> tuple[str, ...]:
    return row["owner"], row["symbol"], row["side"], row["type"]


def _fill_key(row: Row) -> tuple[str, ...]:
    return row["owner"], row["symbol"], row["side"]


def _classed(run: str, fill: Row, other_of: Mapping[str, Row]) -> Unmatched:
    order = other_of.get(fill["order_id"])
    moment = int(fill["time_ns"])
    reason = "data"
    if order is not None:
        came = int(order["accepted_ns"] or 0) or int(order["posted_ns"])
        left = int(order["ended_ns"] or 0) or moment
        reason = "queue" if came <= moment <= left else "latency"
    return Unmatched(run, reason, moment, fill["symbol"], fill["side"], fill["price"], fill["qty"])

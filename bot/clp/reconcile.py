"""What to post and what to cancel, from the wanted quotes and the open orders (pure)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from bot.clp.level import Level, Slot
from bot.clp.open_orders import OpenOrder
from bot.clp.quoting import Quoting, Touch
from lib.constants import Side

NEW = "new"


class Replaced(NamedTuple):
    """One level that stands anew, for who keeps records."""

    level: Level
    reason: str
    held_ns: int
    """How long its former prices stood, 0 for new ones."""


@dataclass(slots=True)
class Plan:
    """What is to be sent: `posts` in one batch, then `cancels` in one."""

    posts: list[tuple[Level, Slot]] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    replaced: list[Replaced] = field(default_factory=list)


class Reconcile:
    """Renews levels that are due, and posts what they owe as far as there is room.

    Args:
        levels: All levels, the most important first.
        quoting: Gives their prices.
        min_qty: Smallest order quantity.
    """

    def __init__(self, levels: Iterable[Level], quoting: Quoting, min_qty: Decimal) -> None:
        """Take the parts."""
        self._levels = list(levels)
        self._quoting = quoting
        self._min_qty = min_qty

    def plan(
        self,
        touch: Touch,
        centre: Decimal,
        rooms: Callable[[], dict[Side, Decimal]],
        open_quotes: Callable[[], list[OpenOrder]],
        now_ns: int,
    ) -> Plan:
        """Return what is to be sent now; the levels already stand as if it were.

        Args:
            touch: The book's best levels.
            centre: Price about which is quoted.
            rooms: Returns the base quantity that may be posted on each side; asked only when
                something is to be posted, which is seldom.
            open_quotes: Returns own orders that may still trade, those that are leaving, too.
            now_ns: Monotonic.
        """
        plan = Plan()
        for level in self._levels:
            self._renew(level, touch, centre, now_ns, plan)
        owed = [(level, slot) for level in self._levels for slot in level.owed(centre)]
        if owed:
            _place(plan, owed, touch, rooms(), open_quotes())
        for level, _ in plan.posts:
            # An order that was owed for a while is held as long as any other.
            level.posted_ns = now_ns
        return plan

    def _renew(self, level: Level, touch: Touch, centre: Decimal, now_ns: int, plan: Plan) -> None:
        reason = level.due(centre, now_ns) if level.prices is not None else NEW
        if not reason:
            return
        held_ns = now_ns - level.posted_ns if level.prices is not None else 0
        plan.cancels += level.ids
        prices = self._quoting.prices(level.config, centre, touch)
        level.renew(prices, level.config.base_quantities(centre, self._min_qty), now_ns)
        plan.replaced.append(Replaced(level, reason, held_ns))


def _place(
    plan: Plan,
    owed: list[tuple[Level, Slot]],
    touch: Touch,
    rooms: dict[Side, Decimal],
    open_quotes: list[OpenOrder],
) -> None:
    highest_buy = max((each.price for each in open_quotes if each.side is Side.BUY), default=None)
    lowest_sell = min((each.price for each in open_quotes if each.side is Side.SELL), default=None)
    for level, slot in owed:
        # Neither the book nor an own order that is still there may be crossed.
        if slot.side is Side.BUY:
            crosses = slot.price >= touch.ask
            crosses |= lowest_sell is not None and slot.price >= lowest_sell
        else:
            crosses = slot.price <= touch.bid
            crosses |= highest_buy is not None and slot.price <= highest_buy
        if not crosses and slot.qty <= rooms[slot.side]:
            rooms[slot.side] -= slot.qty
            plan.posts.append((level, slot))

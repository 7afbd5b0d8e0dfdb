from decimal import Decimal

import pytest

from bot.clp.config import LevelConfig
from bot.clp.level import Level
from bot.clp.open_orders import OpenOrder
from bot.clp.quoting import Quoting, Touch
from bot.clp.reconcile import Plan, Reconcile
from lib.constants import Side

MANY = Decimal(1_000)
TICK = Decimal("0.1")


def make_level(name: str, width: str, *quantities: str) -> Level:
    wanted = tuple(Decimal(qty) for qty in quantities)
    config = LevelConfig(
        name, Decimal(width), Decimal(0), wanted, False, Decimal("0.5"), None, Decimal(0)
    )
    return Level(config, 2_000)


class Desk:
    """Levels 2 and 4 wide about 100, and what is open of them."""

    def __init__(self) -> None:
        self.inner = make_level("inner", "0.02", "1")
        self.outer = make_level("outer", "0.04", "2", "3")
        self.reconcile = Reconcile([self.inner, self.outer], Quoting(Decimal(0), TICK), Decimal(1))
        self.open: list[OpenOrder] = []

    def plan(
        self, mid: str = "100", buy: Decimal = MANY, sell: Decimal = MANY, now_ns: int = 0
    ) -> Plan:
        touch = Touch(Decimal(mid) - TICK, Decimal(mid) + TICK)
        rooms = {Side.BUY: buy, Side.SELL: sell}
        return self.reconcile.plan(touch, touch.mid, lambda: rooms, lambda: self.open, now_ns)

    def carry_out(self, plan: Plan) -> None:
        for _, slot in plan.posts:
            slot.id = f"order {len(self.open)}"
            self.open.append(OpenOrder(slot.id, slot.side, slot.price, slot.qty))


def posts(plan: Plan) -> list[tuple[Side, Decimal, Decimal]]:
    return [(slot.side, slot.price, slot.qty) for _, slot in plan.posts]


ALL = [
    (Side.BUY, 99, 1), (Side.SELL, 101, 1),
    (Side.BUY, 98, 2), (Side.BUY, 98, 3), (Side.SELL, 102, 2), (Side.SELL, 102, 3),
]  # fmt: skip


def test_empty_levels_are_posted_in_one_plan() -> None:
    plan = Desk().plan()

    assert posts(plan) == ALL
    assert plan.cancels == []
    assert [(each.level.config.name, each.reason) for each in plan.replaced] == [
        ("inner", "new"), ("outer", "new"),
    ]  # fmt: skip


def test_what_stands_well_is_left_alone() -> None:
    desk = Desk()
    desk.carry_out(desk.plan())

    plan = desk.plan("100.4", now_ns=10_000)

    assert (plan.posts, plan.cancels, plan.replaced) == ([], [], [])


def test_only_the_level_that_is_outrun_is_replaced() -> None:
    desk = Desk()
    desk.carry_out(desk.plan())

    # 0.6 of 1 is gone on the inner level, 0.6 of 2 on the outer one.
    plan = desk.plan("100.6", now_ns=5_000)

    assert plan.cancels == ["order 0", "order 1"]
    assert posts(plan) == [(Side.BUY, Decimal("99.6"), 1), (Side.SELL, Decimal("101.6"), 1)]
    assert [(each.reason, each.held_ns) for each in plan.replaced] == [("outrun", 5_000)]


def test_without_room_the_more_important_orders_come_first() -> None:
    plan = Desk().plan(buy=Decimal(4), sell=Decimal(0))

    # 1 and 2 fit into 4, and leave too little for 3.
    assert posts(plan) == [(Side.BUY, 99, 1), (Side.BUY, 98, 2)]


def test_what_is_owed_is_posted_when_there_is_room_again() -> None:
    desk = Desk()
    desk.carry_out(desk.plan(buy=Decimal(0)))

    plan = desk.plan(buy=Decimal(1))

    assert posts(plan) == [(Side.BUY, 99, 1)]
    assert plan.replaced == []


def test_the_holding_time_begins_with_the_newest_order() -> None:
    desk = Desk()
    desk.carry_out(desk.plan(buy=Decimal(0)))
    desk.carry_out(desk.plan(buy=Decimal(1), now_ns=1_500))

    # Outrun, but its buy stands for 1,999 only; the outer level got nothing new.
    assert desk.plan("100.6", now_ns=3_499).replaced == []
    replaced = desk.plan("100.6", now_ns=3_500).replaced
    assert [(each.level.config.name, each.held_ns) for each in replaced] == [("inner", 2_000)]


def test_an_owed_order_that_would_cross_the_book_by_now_waits() -> None:
    desk = Desk()
    desk.carry_out(desk.plan(buy=Decimal(0)))

    # Held, without force: the level stays where it is, and its buys would take.
    plan = desk.plan("97.5", now_ns=1_000)

    assert posts(plan) == []


def test_no_own_order_is_crossed_while_it_leaves() -> None:
    desk = Desk()
    desk.carry_out(desk.plan())
    desk.open = [order for order in desk.open if order.id in ("order 0", "order 1")]

    # The inner buy of old at 99 would trade with new sells at or below it.
    plan = desk.plan("97.5", now_ns=5_000)

    assert (Side.SELL, Decimal("98.4"), Decimal(1)) not in posts(plan)
    assert (Side.BUY, Decimal("96.6"), Decimal(1)) in posts(plan)
    assert plan.cancels[:2] == ["order 0", "order 1"]


@pytest.mark.parametrize("side", list(Side))
def test_a_level_that_lost_an_order_is_replaced_whole_after_its_time(side: Side) -> None:
    desk = Desk()
    desk.carry_out(desk.plan())
    ended = next(slot for slot in desk.inner.slots if slot.side is side)
    other = next(slot for slot in desk.inner.slots if slot.side is not side)
    desk.inner.on_final(ended.id)
    desk.open = [order for order in desk.open if order.id != ended.id]

    assert desk.plan(now_ns=1_999).replaced == []
    plan = desk.plan(now_ns=2_000)

    assert plan.cancels == [other.id]
    assert [each.reason for each in plan.replaced] == ["incomplete"]
    # The same prices: the old order on the other side is no obstacle.
    assert posts(plan) == [(Side.BUY, 99, 1), (Side.SELL, 101, 1)]

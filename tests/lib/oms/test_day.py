"""The day's result follows the fills, and the account where somebody else has traded."""

import json
from decimal import Decimal
from typing import Any

from lib.bus.protocol import OrderUpdate
from lib.oms.day import SURE_NS, Day, Holding
from tests.lib.oms.order_tools import NOW, OWNER, SECOND, fill, intent, new_orders

DAY_NS = 86_400 * SECOND
MIDNIGHT = (NOW // DAY_NS + 1) * DAY_NS


class Scene:
    """One owner's day, looked at once a second."""

    def __init__(self, now_ns: int = NOW, facts: dict[str, Any] | None = None) -> None:
        self.day = Day(facts or {})
        self.facts: dict[str, Any] = dict(facts or {})
        self.now_ns = now_ns
        self.order = new_orders().accept(OWNER, 1, intent(), NOW)
        self.number = 0

    def look(self, price: int, held: int | str | None = None) -> Decimal:
        """Look at the day and return the result; `held` None = nobody can say."""
        prices = {OWNER: Decimal(price)}
        told = {} if held is None else {OWNER: Holding(Decimal(held), self.now_ns - 10 * SECOND)}
        begun = self.day.begin(self.now_ns, prices, told)
        self.adopted = self.day.adopt(self.now_ns, prices, told)
        rows = [row for row in (begun, self.day.running()) if row is not None]
        self.facts |= {row.name: json.loads(row.value) for row in rows}
        return self.day.result(OWNER, prices[OWNER])

    def after(self, seconds: float, price: int, held: int | str | None = None) -> Decimal:
        self.now_ns += round(seconds * SECOND)
        return self.look(price, held)

    def until_sure(self, price: int, held: int) -> Decimal:
        return self.after(SURE_NS / SECOND, price, held)

    def fill(self, qty: int, price: int, at_ns: int) -> OrderUpdate:
        """Take in a fill without a fee; a negative quantity is a sale."""
        self.number += 1
        made = fill(str(abs(qty)), self.number, str(price))
        update = self.order.update(made._replace(event_ns=at_ns, fee=Decimal(0)))
        update = update._replace(fill_sequence=self.number, side="BUY" if qty > 0 else "SELL")
        self.day.on_fill(update)
        return update

    def reborn(self) -> "Scene":
        """Return the scene as a next life of the process begins it."""
        scene = Scene(self.now_ns, self.facts)
        scene.number = self.number
        return scene


def test_what_was_closed_by_hand_stops_losing_at_the_price_where_it_was_seen() -> None:
    scene = Scene()
    scene.look(100, 2)
    assert scene.after(1, 90, 0) == -20
    assert scene.until_sure(80, 0) == -20
    assert scene.adopted == [OWNER]
    # neither does it go on losing, nor does a rebound win the loss back
    assert scene.after(1, 10, 0) == -20
    assert scene.after(1, 500, 0) == -20
    assert scene.adopted == []


def test_what_somebody_else_has_opened_counts_from_then_on() -> None:
    scene = Scene()
    scene.look(100, 0)
    assert scene.after(1, 100, -3) == 0
    scene.until_sure(110, -3)
    assert scene.after(1, 120, -3) == -60


def test_a_position_that_is_told_apart_from_its_fill_is_not_another_position() -> None:
    scene = Scene()
    scene.look(100, 0)
    # the account is ahead of the fill, then the other way round
    assert scene.after(1, 100, 1) == 0
    scene.fill(1, 100, scene.now_ns)
    assert scene.after(SURE_NS / SECOND, 90, 1) == -10
    scene.fill(-1, 90, scene.now_ns)
    scene.after(0.5, 90, 1)
    scene.after(1, 90)
    # nobody could say for a while: what was seen before does not count
    scene.after(SURE_NS / SECOND, 90, 1)
    assert scene.adopted == []
    assert scene.after(1, 50, 0) == -10


def test_a_difference_must_stand_unchanged_before_it_is_believed() -> None:
    scene = Scene()
    scene.look(100, 5)
    for held in (4, 3, 2, 1):
        scene.after(2, 100, held)
        assert scene.adopted == []
    scene.until_sure(100, 1)
    assert scene.adopted == [OWNER]


def test_a_fill_that_comes_after_its_position_was_believed_counts_once_at_its_own_price() -> None:
    scene = Scene()
    scene.look(100, 0)
    scene.after(1, 104, 1)
    bought_ns = scene.now_ns - SECOND // 2
    scene.until_sure(104, 1)
    assert scene.adopted == [OWNER]
    scene.fill(1, 107, bought_ns)
    assert scene.after(1, 104, 1) == -3
    scene.fill(1, 104, scene.now_ns)
    assert scene.after(1, 94, 2) == -23


def test_a_restart_knows_what_was_believed() -> None:
    scene = Scene()
    scene.look(100, 2)
    scene.after(1, 90, 0)
    closed_ns = scene.now_ns - SECOND
    scene.until_sure(90, 0)

    reborn = scene.reborn()
    assert reborn.after(1, 50, 0) == -20
    reborn.fill(-2, 95, closed_ns)
    assert reborn.after(1, 50, 0) == -10


def test_a_fill_of_before_midnight_that_is_told_after_it_counts() -> None:
    scene = Scene(MIDNIGHT - 10 * SECOND)
    scene.look(100, 0)
    scene.after(11, 100)  # a gap: nobody can say what is held
    scene.fill(2, 100, MIDNIGHT - 2 * SECOND)
    assert scene.after(1, 80, 2) == -40
    assert scene.reborn().after(1, 80, 2) == -40


def test_midnight_ends_the_loss_of_a_day_and_keeps_what_is_held() -> None:
    scene = Scene(MIDNIGHT - 10 * SECOND)
    scene.look(100, 0)
    scene.fill(2, 100, scene.now_ns)
    assert scene.after(1, 90, 2) == -20
    assert scene.after(10, 90, 2) == 0
    assert scene.after(1, 85, 2) == -10


def test_what_a_dead_process_missed_belongs_to_the_day_of_each_fill() -> None:
    scene = Scene(MIDNIGHT - 7_200 * SECOND)
    scene.look(100, 0)
    reborn = scene.reborn()
    reborn.fill(1, 100, MIDNIGHT - 3_600 * SECOND)
    reborn.fill(1, 95, MIDNIGHT + 3_600 * SECOND)
    reborn.now_ns = MIDNIGHT + 7_200 * SECOND
    # the first is held since before the day began, whose price then is not known
    assert reborn.look(90) == -5
    assert reborn.after(1, 80, 2) == -25


def test_a_day_without_a_price_begins_with_the_first_one() -> None:
    scene = Scene(MIDNIGHT - SECOND)
    scene.look(100, 1)
    assert scene.after(2, 0, 1) == 0
    assert scene.after(1, 90, 1) == 0
    assert scene.after(1, 80, 1) == -10


def test_an_owner_s_first_day_waits_until_its_position_is_sure() -> None:
    scene = Scene()
    scene.look(100)
    scene.fill(1, 100, scene.now_ns)
    scene.after(1, 90)
    assert scene.facts["day"]["starts"] == {}
    scene.after(1, 90, 1)
    assert scene.after(1, 80, 1) == -10


def test_a_fill_on_its_way_when_the_first_day_begins_counts() -> None:
    scene = Scene()
    scene.look(100, 0)
    scene.fill(1, 105, scene.now_ns - SECOND // 10)
    assert scene.after(1, 100, 1) == -5


def test_an_owner_that_is_gone_is_forgotten_with_the_day() -> None:
    scene = Scene(MIDNIGHT - SECOND)
    scene.look(100, 1)
    scene.day.begin(MIDNIGHT, {"other:ETHUSDT": Decimal(5)}, {})
    assert scene.after(2, 90) == 0
    scene.after(1, 100, 4)
    assert scene.after(1, 99, 4) == -4

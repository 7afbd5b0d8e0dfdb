"""What a CLP leaves behind when it goes."""

from decimal import Decimal

import pytest

from bot.clp.clp import CLEAR_SECONDS
from bot.clp.state import Mode
from lib.constants import NS_PER_SECOND, OrderType, Side, Status
from lib.models import Order
from tests.bot.clp.rig import LEVEL, MID, Rig

D = Decimal
FAR = {"far": LEVEL | {"width": "0.04"}}


def stops(rig: Rig) -> list[tuple[Side, Decimal, Decimal, bool]]:
    return [
        (order.side, order.price, order.qty, order.reduce_only)
        for order in rig.venue.open_orders()
        if order.type is OrderType.STOP_MARKET
    ]


@pytest.mark.parametrize(
    ("qty", "stop"),
    [
        ("0.01", (Side.SELL, D("49750"), D("0.01"), True)),
        ("-0.02", (Side.BUY, D("50250"), D("0.02"), True)),
    ],
)
def test_a_position_keeps_a_stop_and_nothing_else(
    qty: str, stop: tuple[Side, Decimal, Decimal, bool]
) -> None:
    rig = Rig(spread=FAR).start()
    rig.venue.take(D(qty), MID)
    rig.deliver()

    rig.bot.Clean()

    assert stops(rig) == [stop]
    assert rig.venue.quotes() == []
    assert rig.mode is Mode.HALT
    assert rig.logged("cleaned") == [{"clear": True, "position": D(qty), "stop": stop[1]}]


def test_without_a_position_nothing_is_left() -> None:
    rig = Rig().start()
    rig.bot.Clean()

    assert rig.venue.open_orders() == []
    assert rig.venue.requests[-1] == ("cancel", ["*"])


def test_the_real_position_counts_not_the_one_that_was_told() -> None:
    rig = Rig(spread=FAR).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    rig.venue.take(D("0.01"), D(50_200))

    rig.bot.Clean()

    # Entry 50,100: 250.5 below it.
    assert stops(rig) == [(Side.SELL, D("49849.5"), D("0.02"), True)]


def test_it_waits_until_the_cancels_are_through() -> None:
    rig = Rig().start()
    rig.venue.is_slow = True
    rig.venue.polls_until_work = 20

    rig.bot.Clean()

    assert rig.venue.polls_until_work == 0
    assert rig.logged("cleaned")[0]["clear"] is True


def test_what_is_filled_while_it_waits_is_protected_too() -> None:
    rig = Rig().start()
    rig.venue.is_slow = True
    rig.venue.polls_until_work = 5
    rig.venue.fill("order 1")

    rig.bot.Clean()

    assert [stop[2] for stop in stops(rig)] == [D("0.01")]


def test_it_does_not_wait_for_ever() -> None:
    rig = Rig().start()
    rig.venue.is_slow = True
    before_ns = rig.timer.Monotonic()

    rig.bot.Clean()

    assert (rig.timer.Monotonic() - before_ns) / NS_PER_SECOND == pytest.approx(
        CLEAR_SECONDS, abs=0.02
    )
    assert rig.logged("cleaned")[0]["clear"] is False


def test_a_stop_that_is_hit_by_now_closes_the_position() -> None:
    rig = Rig(spread=FAR).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    rig.venue.move(D(49_700))

    rig.bot.Clean()

    assert rig.venue.position == 0
    assert stops(rig) == []


def test_a_stop_that_is_refused_is_told_loudly() -> None:
    rig = Rig(spread=FAR).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    rig.venue.refusal = "too many stops"

    rig.bot.Clean()

    (told,) = rig.logged("position left without a stop")
    assert told["reason"] == "too many stops"


def test_a_position_without_a_known_stop_price_is_told_loudly() -> None:
    rig = Rig()
    rig.venue.candles.clear()
    rig.bot = rig.make_bot()
    rig.venue.take(D("0.01"), MID)
    rig.start()

    rig.bot.Clean()

    assert len(rig.logged("position left without a stop: no stop price is known")) == 1


def test_without_a_stop_price_of_its_own_a_former_lifes_stop_stays() -> None:
    rig = Rig()
    rig.venue.candles.clear()
    rig.bot = rig.make_bot()
    rig.venue.take(D("0.01"), MID)
    left = rig.venue.place(Order(D("-0.01"), D(49_000), stopmarket=True, reduce_only=True))
    rig.start()

    rig.bot.Clean()

    assert rig.venue.orders[left].status is Status.NEW


def test_before_the_position_is_known_state_and_stop_are_left_alone() -> None:
    rig = Rig(spread=FAR).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    rig.kill()
    left = rig.venue.place(Order(D("-0.01"), D(49_000), stopmarket=True, reduce_only=True))
    rig.bot = rig.make_bot()

    rig.bot.Clean()

    assert rig.venue.orders[left].status is Status.NEW
    assert len(rig.logged("cleaned before the position was known")) == 1
    rig.rebirth()
    assert rig.logged("resumed")[-1]["stop"] == D(49_750)


def test_before_the_first_book_the_stored_stop_is_left() -> None:
    rig = Rig(spread=FAR).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    rig.book(50_080)  # 49,829.6
    rig.kill()
    rig.bot = rig.make_bot()
    rig.sync()

    rig.bot.Clean()

    assert stops(rig) == [(Side.SELL, D("49829.6"), D("0.01"), True)]


def test_when_the_exchange_does_not_answer_what_was_known_counts() -> None:
    rig = Rig(spread=FAR).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    rig.venue.is_reachable = False

    rig.bot.Clean()

    assert stops(rig) == [(Side.SELL, D(49_750), D("0.01"), True)]
    assert len(rig.logged("position not read again")) == 1

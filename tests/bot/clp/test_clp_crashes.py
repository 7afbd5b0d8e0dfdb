"""Killed in each mode without a word: the next life goes on correctly."""

from decimal import Decimal

import pytest

from bot.clp.state import Mode, Verdict
from lib.constants import OrderType, Side
from tests.bot.clp.rig import LEVEL, MID, KeptState, Rig
from tests.bot.market import MemoryLogger

D = Decimal
FAR = {"far": LEVEL | {"width": "0.04"}}


def long(**config: object) -> Rig:
    rig = Rig(spread=FAR, **config).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    return rig


def verdict(rig: Rig) -> object:
    return rig.logged("resumed")[-1]["verdict"]


def test_killed_before_anything_was_known() -> None:
    rig = Rig()
    rig.kill()
    rig.rebirth()

    assert verdict(rig) is Verdict.FRESH
    assert rig.mode is Mode.QUOTE
    assert len(rig.venue.quotes()) == 2


def test_killed_while_warming_up() -> None:
    rig = Rig()
    candles, rig.venue.candles = rig.venue.candles, []
    rig.bot = rig.make_bot()
    rig.start()
    assert rig.mode is Mode.WARMUP
    rig.kill()
    rig.venue.candles = candles
    rig.rebirth()

    assert verdict(rig) is Verdict.CONTINUED
    assert rig.mode is Mode.QUOTE


def test_killed_while_quoting_flat() -> None:
    rig = Rig().start()
    rig.kill()
    rig.rebirth()

    assert verdict(rig) is Verdict.CONTINUED
    assert [order.id for order in rig.venue.quotes()] == ["order 3", "order 4"]


def test_killed_while_quoting_with_a_stop_that_had_moved() -> None:
    rig = long()
    rig.book(50_080)
    assert rig.stop == D("49829.6")
    rig.kill()
    rig.rebirth(50_000)

    assert verdict(rig) is Verdict.CONTINUED
    assert rig.stop == D("49829.6")


def test_a_fill_nobody_was_told_of_rebuilds_the_stop_from_the_new_entry() -> None:
    rig = long()
    rig.book(50_080)
    rig.kill()
    rig.venue.take(D("0.01"), D(49_900))
    rig.rebirth(49_900)

    assert verdict(rig) is Verdict.REBUILT
    # Entry 49,950 x 0.995; how far the former stop had come means nothing any more.
    assert rig.stop == D("49700.2")


def test_a_part_that_was_closed_meanwhile_keeps_the_stop() -> None:
    rig = long()
    rig.book(50_080)
    rig.kill()
    rig.venue.take(D("-0.004"), D(50_000))
    rig.rebirth(50_000)

    assert verdict(rig) is Verdict.REBUILT
    assert rig.stop == D("49829.6")


def test_a_position_that_turned_meanwhile_gets_a_stop_of_its_own() -> None:
    rig = long()
    rig.kill()
    rig.venue.take(D("-0.02"), D(50_000))
    rig.rebirth(50_000)

    assert verdict(rig) is Verdict.REBUILT
    assert rig.stop == D("50250.0")


def test_the_stop_is_hit_at_once_when_the_market_has_passed_it_meanwhile() -> None:
    rig = long()
    rig.kill()
    rig.rebirth(49_700)
    assert rig.mode is Mode.LIQUIDATE

    rig.pass_time(2)
    assert rig.venue.position == 0


@pytest.mark.parametrize(("seconds", "steps"), [(0, 1), (1, 2)])
def test_killed_while_liquidating_it_goes_on_with_the_next_step(seconds: int, steps: int) -> None:
    rig = long()
    rig.book(49_750)
    if seconds:
        rig.pass_time(seconds)
    assert len(rig.venue.of_type(OrderType.MARKET)) == steps
    rig.kill()
    # Back above the stop: what has begun is finished all the same.
    rig.rebirth(49_900)
    rig.pass_time(3)

    closing = rig.venue.of_type(OrderType.MARKET)
    assert [order.qty for order in closing] == [D("0.005"), D("0.003"), D("0.002")]
    assert all(order.side is Side.SELL for order in closing)
    assert rig.venue.position == 0


def test_killed_between_a_liquidating_order_and_its_fill() -> None:
    rig = long()
    rig.venue.move(D(49_750))
    rig.show()
    assert rig.venue.position == D("0.005")  # the venue has filled, the bot was not told
    rig.kill()
    rig.rebirth(49_750)
    rig.pass_time(3)

    assert verdict(rig) is Verdict.REBUILT
    assert rig.venue.position == 0


def test_killed_after_the_last_liquidating_order() -> None:
    rig = long()
    rig.book(49_750)
    rig.venue.take(D("-0.005"), D(49_750))
    rig.kill()
    rig.rebirth(49_750)
    rig.pass_time(1)

    assert (rig.venue.position, rig.stop) == (0, None)
    assert rig.mode is Mode.QUOTE


def test_killed_while_pausing_the_pause_lasts_as_long() -> None:
    conditions = [{"spread": {"max_spread": 0.0001, "wait": "10s"}}]
    rig = Rig(conditions=conditions).start()
    rig.book(spread="6")
    rig.book()
    rig.pass_time(4)
    rig.kill()
    rig.rebirth()
    rig.pass_time(5)
    assert rig.mode is Mode.PAUSE
    assert rig.bot.note.startswith("PAUSE (spread 0.0120%)")

    rig.pass_time(1.5)
    assert rig.mode is Mode.QUOTE


def test_a_pause_that_would_be_over_by_now_is_over() -> None:
    rig = Rig(conditions=[{"spread": {"max_spread": 0.0001, "wait": "10s"}}]).start()
    rig.book(spread="6")
    rig.kill()
    rig.timer.advance(11)
    rig.venue.now_ns = rig.timer.Timestamp()
    rig.rebirth(MID)

    assert rig.mode is Mode.QUOTE


class Killed(BaseException):
    """The end of a process, in the middle of a call."""


def test_killed_in_the_middle_of_the_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = long()
    rig.book(50_080)

    def die(_self: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        # All is cancelled by then, and no stop is left yet.
        patch.setattr(type(rig.bot.exchange), "getPositions", die)
        with pytest.raises(Killed):
            rig.bot.Clean()
    assert rig.mode is Mode.HALT
    assert rig.venue.open_orders() == []
    rig.rebirth(50_000)

    assert verdict(rig) is Verdict.CONTINUED
    assert rig.stop == D("49829.6")
    assert rig.mode is Mode.QUOTE


def test_stopped_in_good_order_the_next_life_takes_the_stop_over() -> None:
    rig = long()
    rig.bot.Clean()
    (left,) = rig.venue.open_orders()
    rig.rebirth(50_000)

    assert rig.stop == left.price == D(49_750)
    assert rig.venue.orders[left.id].status == "CANCELED"
    assert rig.mode is Mode.QUOTE


def test_the_stop_that_was_left_has_worked_meanwhile() -> None:
    rig = long()
    rig.bot.Clean()
    (left,) = rig.venue.open_orders()
    rig.venue.fill(left.id, price=left.price, maker=False)
    rig.rebirth(49_700)

    assert (rig.venue.position, rig.stop) == (0, None)
    assert rig.mode is Mode.QUOTE
    assert len(rig.venue.quotes()) == 2


def test_the_days_profit_goes_on() -> None:
    rig = Rig().start()
    rig.venue.fill("order 1")
    rig.deliver()
    rig.kill()
    rig.rebirth()

    profit = rig.bot._profit
    assert profit.fees == D("0.09995")  # 0.01 x 49,975 x 0.0002
    assert profit.value(MID) == rig.venue.cash + rig.venue.position * MID


def test_fills_that_are_told_again_after_the_restart_count_once() -> None:
    rig = Rig().start()
    rig.venue.fill("order 1")
    events = list(rig.venue.events)
    rig.deliver()
    rig.kill()
    rig.bot = rig.make_bot()
    rig.sync()
    for event in events:
        rig._tell(event)
    rig.show()

    assert rig.bot._profit.value(MID) == rig.venue.cash + rig.venue.position * MID


def test_a_fill_that_the_former_life_missed_is_booked_by_the_next() -> None:
    rig = Rig().start()
    rig.venue.fill("order 1")
    missed = list(rig.venue.events)
    rig.kill()
    rig.bot = rig.make_bot()
    rig.sync()
    for event in missed:
        rig._tell(event)
    rig.show()

    assert rig.bot._profit.value(MID) == rig.venue.cash + rig.venue.position * MID
    assert rig.bot._profit.fees == rig.venue.fees


def test_a_damaged_state_is_told_and_the_position_counts() -> None:
    rig = long()
    rig.bot.state.Push({"version": 99})
    rig.kill()
    rig.rebirth(50_000)

    assert ("WARNING", "stored state not used") in [line[:2] for line in MemoryLogger.lines]
    assert verdict(rig) is Verdict.FRESH
    assert rig.stop == D(49_750)


def test_state_is_pushed_when_something_has_changed_only() -> None:
    rig = long()
    before = KeptState.pushes
    rig.pass_time(3)
    assert KeptState.pushes == before

    rig.book(50_001)  # the stop follows by a tick and more
    assert KeptState.pushes == before + 1

"""The same order, refused again and again, is cut; any other one goes out."""

from dataclasses import replace

from lib.oms.latches import CUT_AFTER, Repeats
from lib.oms.tracked import Tracked, from_intent
from tests.lib.oms.order_tools import NOW, OWNER, SECOND, intent

REDUCE_ONLY = -2022
WHY = "ReduceOnly Order is rejected."


def order(qty: str = "1") -> Tracked:
    return from_intent(OWNER, 1, intent(qty=qty, price="", reduce=True), NOW)


def refused(repeats: Repeats, times: int, now_ns: int = NOW, code: int = REDUCE_ONLY) -> None:
    for _ in range(times):
        assert repeats.cut(order(), now_ns) is None
        repeats.on_refused(order(), code, WHY, now_ns)


def test_only_the_same_order_is_cut_and_only_after_some_refusals() -> None:
    repeats = Repeats()
    refused(repeats, CUT_AFTER)
    cut = repeats.cut(order(), NOW)
    assert cut is not None
    assert (cut.code, WHY in cut.reason) == (REDUCE_ONLY, True)
    assert repeats.cut(order("2"), NOW) is None
    for other in ({"owner": "other:X"}, {"reduce_only": False}, {"type": "LIMIT"}):
        assert repeats.cut(replace(order(), **other), NOW) is None


def test_refusals_that_come_slowly_or_for_different_reasons_do_not_count_together() -> None:
    repeats = Repeats()
    for number in range(4 * CUT_AFTER):
        refused(repeats, 1, NOW + number * SECOND // 2)
    for number in range(4 * CUT_AFTER):
        refused(repeats, 1, NOW + 100 * SECOND, REDUCE_ONLY - number % 2)


def test_after_a_cut_one_at_a_time_may_try_again() -> None:
    repeats = Repeats()
    refused(repeats, CUT_AFTER)
    for number in range(1, 5):
        then = NOW + number * SECOND
        refused(repeats, 1, then)
        assert repeats.cut(order(), then) is not None
        assert repeats.cut(order(), then + SECOND - 1) is not None


def test_what_nobody_has_answered_yet_is_tried_once_only() -> None:
    repeats = Repeats()
    refused(repeats, CUT_AFTER)
    assert repeats.cut(order(), NOW + SECOND) is None
    assert repeats.cut(order(), NOW + SECOND) is not None


def test_an_order_that_was_taken_ends_the_cut() -> None:
    repeats = Repeats()
    refused(repeats, CUT_AFTER)
    assert repeats.cut(order(), NOW + SECOND) is None
    repeats.on_taken(order())
    assert repeats.cut(order(), NOW + SECOND) is None


def test_old_refusals_are_forgotten() -> None:
    repeats = Repeats()
    for number in range(1_000):
        repeats.on_refused(order(str(number + 1)), REDUCE_ONLY, WHY, NOW + number * SECOND)
    assert len(repeats._rows) < 20

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clp.config import VolatilityConfig
from bot.clp.volatility import Candle, Volatility, true_range
from lib.constants import NS_PER_MINUTE, NS_PER_SECOND

START_NS = 1_800_000_000 * NS_PER_SECOND // NS_PER_MINUTE * NS_PER_MINUTE
MAX_AGE_NS = 3 * NS_PER_MINUTE


def candle(minute: int, high: str, low: str, close: str) -> Candle:
    return Candle(START_NS + minute * NS_PER_MINUTE, Decimal(high), Decimal(low), Decimal(close))


FOUR = [
    candle(0, "101", "99", "100"),
    candle(1, "103", "99", "102"),  # true range 4: high - low
    candle(2, "102.5", "101.5", "101.6"),  # 1
    candle(3, "100", "98", "99"),  # 3.6: fell from 101.6 to 98
]
ATR = Decimal("8.6") / 3 / 99
"""(4 + 1 + 3.6) / 3 of the last close."""


def measured(window: int = 3) -> Volatility:
    return Volatility(VolatilityConfig(window, MAX_AGE_NS))


def end(minute: int) -> int:
    return START_NS + (minute + 1) * NS_PER_MINUTE


@pytest.mark.parametrize(
    ("before", "expected"), [("100", 4), ("96", 7), ("105", 6), ("99", 4), ("103", 4)]
)
def test_a_true_range_contains_the_jump_into_the_minute(before: str, expected: int) -> None:
    assert true_range(candle(0, "103", "99", "102"), Decimal(before)) == expected


def test_the_atr_is_the_mean_true_range_of_the_window_by_the_last_close() -> None:
    volatility = measured()
    for each in FOUR:
        assert volatility.atr(end(3)) is None
        volatility.add(each)

    assert volatility.atr(end(3)) == ATR


def test_history_fills_the_window_at_once() -> None:
    volatility = measured()
    volatility.load(FOUR)

    assert volatility.atr(end(3)) == ATR


def test_the_window_rolls() -> None:
    volatility = measured()
    volatility.load(FOUR)
    volatility.add(candle(4, "99.5", "99", "99"))

    assert volatility.atr(end(4)) == (1 + Decimal("3.6") + Decimal("0.5")) / 3 / 99


def test_a_candle_told_again_replaces_the_first_and_an_old_one_is_ignored() -> None:
    volatility = measured()
    volatility.load([*FOUR[:3], candle(3, "101", "100", "100.5")])
    volatility.add(FOUR[3])
    volatility.add(FOUR[1])

    assert volatility.atr(end(3)) == ATR


def test_after_a_hole_nothing_is_known_until_the_window_is_full_again() -> None:
    volatility = measured()
    volatility.load(FOUR)
    for minute in range(5, 9):
        volatility.add(candle(minute, "100", "99", "99"))
        assert (volatility.atr(end(minute)) is None) is (minute < 8)


def test_what_is_too_old_is_not_known() -> None:
    volatility = measured()
    volatility.load(FOUR)
    last_ns = FOUR[-1].start_ns

    assert volatility.atr(last_ns + MAX_AGE_NS) == ATR
    assert volatility.atr(last_ns + MAX_AGE_NS + 1) is None


def test_history_is_asked_for_in_whole_finished_minutes() -> None:
    assert measured().span(START_NS + 17) == (START_NS - 4 * NS_PER_MINUTE, START_NS)


prices = st.decimals("0.01", 1000, places=2)


@given(st.lists(st.tuples(prices, prices, prices), min_size=4, max_size=12))
def test_the_atr_is_that_of_the_newest_candles_alone(rows: list[tuple[Decimal, ...]]) -> None:
    candles = [
        Candle(START_NS + number * NS_PER_MINUTE, max(row), min(row), row[2])
        for number, row in enumerate(rows)
    ]
    rolling, fresh = measured(), measured()
    for each in candles:
        rolling.add(each)
    fresh.load(candles[-4:])

    assert rolling.atr(candles[-1].start_ns) == fresh.atr(candles[-1].start_ns)

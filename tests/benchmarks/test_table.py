"""The few numbers that benchmarks print."""

import pytest

from benchmarks.table import number, percentile, table


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 50), (50.5, 51), (99, 99), (100, 100)]
)
def test_a_percentile_is_the_nearest_rank(percent: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_a_percentile_of_nothing_is_zero() -> None:
    assert percentile([], 50) == 0


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.8, "1,234,568"), (12.345, "12.3"), (0.1234, "0.12")]
)
def test_numbers_have_as_many_digits_as_one_reads(value: float, text: str) -> None:
    assert number(value) == text


def test_columns_are_aligned() -> None:
    assert table("t", ["", "ours"], [["p50 us", 1234.0], ["x", "1.2x"]]).splitlines() == [
        "t",
        "         ours",
        "p50 us  1,234",
        "x        1.2x",
    ]

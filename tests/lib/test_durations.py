"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.durations import UNITS, brief, rate, seconds, span
from lib.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500ms", 0.5),
        ("3s", 3.0),
        ("2.1s", 2.1),
        ("2 m", 120.0),
        ("1h", 3600.0),
        ("1d", 86400.0),
        ("250us", 0.00025),
        (0, 0.0),
        ("0", 0.0),
    ],
)
def test_durations_with_units_are_seconds(text: object, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(("value", "right"), [(2.1, "2.1s"), (60, "60s"), ("5", "5s")])
def test_bare_number_is_refused_with_the_right_form(value: object, right: str) -> None:
    with pytest.raises(ConfigError, match=f"has no unit; write {right}"):
        seconds(value)


@pytest.mark.parametrize(
    "value", ["soon", "1h30m", "-1s", "nan", "1e3s", "3 x", "", True, None, []]
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ConfigError):
        seconds(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0..30s", (0.0, 30.0)),
        ("1..30s", (1.0, 30.0)),
        ("100ms..2s", (0.1, 2.0)),
        ("5s", (5.0, 5.0)),
    ],
)
def test_range_may_borrow_its_unit(text: str, expected: tuple[float, float]) -> None:
    assert span(text) == expected


@pytest.mark.parametrize("text", ["30s..1s", "0..30", "..", "1s..x"])
def test_wrong_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        span(text)


def test_rate_is_a_count_in_a_time() -> None:
    assert rate("10 in 60s") == (10, 60.0)


@pytest.mark.parametrize("value", [10, "10", "10 in 60", "x in 5s", "10 in 0s", "-1 in 5s"])
def test_wrong_rate_is_refused(value: object) -> None:
    with pytest.raises(ConfigError):
        rate(value)


@given(st.integers(1, 10_000), st.sampled_from(sorted(UNITS)))
def test_brief_form_reads_back(count: int, unit: str) -> None:
    amount = seconds(f"{count}{unit}")

    assert seconds(brief(amount)) == pytest.approx(amount)

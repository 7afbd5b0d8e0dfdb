from decimal import Decimal
from typing import Any

import pytest

from bot.clp.settings import Settings
from lib.errors import ConfigError


def test_numbers_are_exact() -> None:
    settings = Settings({"float": 0.1, "text": "0.30", "whole": 3}, "part")

    assert settings.number("float") == Decimal("0.1")
    assert settings.number("text") == Decimal("0.30")
    assert settings.count("whole", 1) == 3
    assert settings.number("absent", "7") == 7


@pytest.mark.parametrize(
    ("value", "bounds", "complaint"),
    [
        ("many", {}, "part.key 'many' is not a number"),
        (True, {}, "part.key True is not a number"),
        ("NaN", {}, "part.key 'NaN' is not a number"),
        (0, {"above": 0}, "part.key 0 must be greater than 0"),
        (-1, {}, "part.key -1 must be at least 0"),
        (1, {"below": 1}, "part.key 1 must be less than 1"),
        (2, {"most": 1}, "part.key 2 must be at most 1"),
        (None, {}, "part.key is missing; give it a number"),
    ],
)
def test_a_wrong_number_is_named_with_its_place(
    value: Any, bounds: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError) as error:
        Settings({"key": value}, "part").number("key", **bounds)

    assert str(error.value) == complaint


def test_one_quantity_is_a_list_of_one() -> None:
    settings = Settings({"one": 1, "two": [1, "2.5"], "none": [], "zero": [1, 0]}, "part")

    assert settings.numbers("one") == (1,)
    assert settings.numbers("two") == (1, Decimal("2.5"))
    with pytest.raises(ConfigError, match=r"part\.none is missing"):
        settings.numbers("none")
    with pytest.raises(ConfigError, match=r"part\.zero 0 must be greater"):
        settings.numbers("zero")


def test_durations_need_their_unit() -> None:
    settings = Settings({"good": "2.1s", "bare": 2.1}, "part")

    assert settings.duration_ns("good", "1s") == 2_100_000_000
    assert settings.duration_ns("absent", "500ms") == 500_000_000
    with pytest.raises(ConfigError, match=r"part.bare: 2.1 has no unit; write 2.1s"):
        settings.duration_ns("bare", "1s")


def test_keys_that_nobody_reads_are_refused_with_the_nearest_one() -> None:
    settings = Settings({"with": 1}, "spread.inner")
    settings.raw("width")
    settings.raw("gap")

    with pytest.raises(ConfigError, match=r"unknown key 'spread.inner.with'; did you mean 'width'"):
        settings.done()


def test_keys_unlike_any_other_are_refused_with_the_known_ones() -> None:
    settings = Settings({"zzz": 1}, "part")
    settings.raw("gap")

    with pytest.raises(ConfigError, match=r"unknown key 'part.zzz'; known: gap"):
        settings.done()


def test_a_section_must_be_a_mapping() -> None:
    with pytest.raises(ConfigError, match=r"spread.inner must be a mapping"):
        Settings({"inner": 3}, "spread").section("inner")


def test_whole_numbers_are_whole() -> None:
    with pytest.raises(ConfigError, match=r"part.window 2.5 must be a whole number"):
        Settings({"window": 2.5}, "part").count("window", 1)

"""JSON that gives back what went in, and JSON for people that never fails."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.serialize import dump, load, safe_text, to_json

SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.decimals(allow_nan=False)
    | st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-7))))
    | st.binary(max_size=20)
)
KEY = st.text(max_size=8) | st.sampled_from(["$decimal", "$dict", "$", "$tuple"]) | st.integers()
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEY, inner, max_size=4)
    ),
    max_leaves=12,
)


class Broken:
    """An object that cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [type(value), [types(item) for item in value]]
    return type(value)


@given(VALUE)
def test_load_gives_back_what_dump_was_given(value: Any) -> None:
    found = load(dump(value))

    assert found == value
    assert types(found) == types(value)


@pytest.mark.parametrize("text", ["1.10", "1E+2", "-0", "NaN", "0E-8", "1" * 60])
def test_decimals_keep_every_digit(text: str) -> None:
    assert str(load(dump(Decimal(text)))) == text


def test_a_float_that_is_not_finite_comes_back() -> None:
    assert load(dump([float("inf"), float("-inf")])) == [float("inf"), float("-inf")]
    assert load(dump(float("nan"))) != load(dump(float("nan")))
    assert "NaN" not in dump(float("nan"))


def test_what_cannot_be_stored_is_named_with_its_place() -> None:
    with pytest.raises(TypeError, match=r"value\.quotes\[1\]\.set: a set cannot be stored"):
        dump({"quotes": [1, {"set": {1}}]})


def test_a_tag_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown tag"):
        load('{"$complex": 1}')


def test_json_for_people_is_readable() -> None:
    fields = {
        "price": Decimal("1.50"),
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "error": ValueError("bad"),
        "raw": b"\xff",
        "bag": {1},
    }

    assert json.loads(to_json(fields)) == {
        "price": "1.50",
        "when": "2026-01-02T00:00:00+00:00",
        "error": "ValueError: bad",
        "raw": "�",
        "bag": ["1"],
    }


def test_json_for_people_never_fails() -> None:
    circle: list[Any] = []
    circle.append(circle)

    assert "[...]" in to_json(circle)
    assert "nan" in to_json({"x": float("nan")})
    assert "Broken without text" in to_json(Broken())
    assert "Broken without text" in safe_text(Broken())
    assert to_json({(1, 2): 3}) == '"{(1, 2): 3}"'

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import ConfigError
from lib.oms.ids import (
    ClientIds,
    check_prefixes,
    intent_id,
    made_ns,
    parse,
    prefix_of,
    split_owner,
)

OWNER = "quoter:BTCUSDT"
NOW = 1_790_000_000_123_456_789


def test_id_has_the_documented_form() -> None:
    client_id = ClientIds("p", OWNER).next(NOW)
    assert re.fullmatch(r"[0-9a-f]{8}-20260921\.141320\.123456", client_id)
    assert len(f"{client_id}.2") <= 36
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", client_id)


def test_parts_come_back() -> None:
    client_id = ClientIds("p", OWNER).next(NOW)
    assert parse(client_id) == (prefix_of("p", OWNER), NOW // 1_000 * 1_000, 1)
    assert parse(f"{client_id}.3") == (prefix_of("p", OWNER), NOW // 1_000 * 1_000, 3)
    assert intent_id(f"{client_id}.3") == intent_id(client_id) == client_id
    assert made_ns(client_id) == NOW // 1_000 * 1_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "web_4SDFx",
        "x-Cb7ytekJ0123456789",
        "autoclose-1790000100000000001",
        "0123456g-20260921.141320.123456",
        "01234567-20261341.141320.123456",
        "01234567-20260921.141320.123456.1",
        "01234567-20260921.141320.12345",
    ],
)
def test_foreign_ids_are_told_apart(text: str) -> None:
    assert parse(text) is None
    assert made_ns(text) == 0
    assert intent_id(text) == text


@given(st.lists(st.integers(min_value=0, max_value=4 * 10**18), min_size=2, max_size=50))
def test_ids_grow_whatever_the_clock_does(times: list[int]) -> None:
    ids = ClientIds("p", OWNER)
    made = [ids.next(time) for time in times]
    assert made == sorted(set(made))


def test_ids_stay_above_the_highest_of_former_lives() -> None:
    highest = ClientIds("p", OWNER).next(NOW)
    assert ClientIds("p", OWNER, highest).next(NOW - 10**12) > highest
    # of another owner, or garbage: no bound
    assert ClientIds("p", "other:BTCUSDT", highest).next(0).endswith("19700101.000000.000001")
    assert ClientIds("p", OWNER, "garbage").next(0).endswith("19700101.000000.000001")


def test_prefix_depends_on_project_bot_and_symbol() -> None:
    owners = ["a:BTCUSDT", "b:BTCUSDT", "a:ETHUSDT"]
    found = {prefix_of(project, owner) for project in ("p", "q") for owner in owners}
    assert len(found) == 6
    assert split_owner("my:bot:BTCUSDT") == ("my:bot", "BTCUSDT")


def test_colliding_prefixes_are_refused() -> None:
    # two names that CRC-32 does not tell apart
    twins = ["gnyijstj:BTCUSDT", "etislvlf:BTCUSDT"]
    with pytest.raises(ConfigError, match="share the order id prefix"):
        check_prefixes("p", twins)
    assert check_prefixes("p", [twins[0], twins[0]]) == {prefix_of("p", twins[0]): twins[0]}

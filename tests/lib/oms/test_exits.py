"""Exits that keep failing are told once; one that comes through ends the trouble."""

from lib.constants import NS_PER_SECOND
from lib.oms.exits import Exits

OWNER = "quoter:BTCUSDT"
NOW = 1_000 * NS_PER_SECOND
LATER = NOW + 5 * NS_PER_SECOND


def never(_owner: str) -> bool:
    return False


def test_trouble_is_told_once_after_five_seconds() -> None:
    exits = Exits()
    exits.failed(OWNER, "overloaded", NOW)
    exits.failed(OWNER, "throttled (-1008)", NOW + NS_PER_SECOND)
    assert exits.due(never, LATER - 1) == []
    (text,) = exits.due(never, LATER)
    assert text == f"exits of {OWNER} have failed for 5 s: throttled (-1008)"
    assert exits.due(never, LATER + NS_PER_SECOND) == []


def test_an_exit_that_comes_through_ends_it() -> None:
    exits = Exits()
    exits.failed(OWNER, "overloaded", NOW)
    exits.passed(OWNER)
    assert exits.due(never, LATER) == []


def test_who_is_out_needs_no_exit() -> None:
    exits = Exits()
    exits.failed(OWNER, "overloaded", NOW)
    assert exits.due(lambda owner: owner == OWNER, LATER) == []
    assert exits.due(never, LATER) == []


def test_the_next_trouble_is_told_again() -> None:
    exits = Exits()
    exits.failed(OWNER, "overloaded", NOW)
    assert exits.due(never, LATER)
    exits.passed(OWNER)
    exits.failed(OWNER, "overloaded", LATER)
    assert exits.due(never, LATER + 5 * NS_PER_SECOND)

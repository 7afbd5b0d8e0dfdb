"""Schedules: reproducible, complete, and mostly inside requests."""

from collections import Counter

import pytest

from lib.chaos.kinds import KINDS, Group
from lib.chaos.schedule import EPISODE, choose_kinds, episodes, make_schedule
from lib.errors import ConfigError
from lib.venue.fault_table import FAULTS

SYMBOLS = ["BTCUSDT", "ETHUSDT"]


def names(count: int, seed: int) -> list[str]:
    return [one.kind.name for one in make_schedule(count, seed, choose_kinds([]), SYMBOLS)]


def test_the_same_seed_makes_the_same_schedule() -> None:
    assert make_schedule(50, 3, choose_kinds(["venue"]), SYMBOLS) == make_schedule(
        50, 3, choose_kinds(["venue"]), SYMBOLS
    )
    assert names(50, 3) != names(50, 4)


def test_every_kind_strikes_from_200_faults_on() -> None:
    assert set(names(200, 1)) == set(KINDS)


def test_a_third_strikes_inside_requests_even_when_half_of_them_miss() -> None:
    inside = [name for name in names(60, 1) if KINDS[name].in_request]

    assert len(inside) >= 40


def test_every_fault_of_the_venue_is_played() -> None:
    played = {kind.target for kind in KINDS.values() if kind.group is Group.VENUE}

    assert played == set(FAULTS)


def test_what_ends_a_symbol_comes_last_in_its_episode() -> None:
    for episode in episodes(make_schedule(400, 5, choose_kinds([]), SYMBOLS)):
        assert len(episode) <= EPISODE
        ends = [one.kind.ends_symbol for one in episode]
        assert ends == sorted(ends)


def test_kinds_are_chosen_by_name_and_by_group() -> None:
    chosen = choose_kinds(["kill_bot", "network"])

    assert Counter(kind.group for kind in chosen) == {Group.PROCESS: 1, Group.NETWORK: 3}


def test_an_unknown_kind_is_refused_with_all_that_are_known() -> None:
    with pytest.raises(ConfigError, match=r"'kill_cat'.*kill_bot.*failpoint"):
        choose_kinds(["kill_cat"])

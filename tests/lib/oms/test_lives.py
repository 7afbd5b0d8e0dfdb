import pytest

from lib.constants import WorkerState
from lib.oms.lives import Ended, Lives

OWNER = "quoter:BTCUSDT"
BOT = f"bot:{OWNER}"


def test_only_bots_count() -> None:
    lives = Lives()
    lives.update([[BOT, 5, "ready"], ["stream", 2, "ready"], ["exchange", 1, "ready"]])
    assert lives.owners() == [OWNER]
    assert lives.alive(OWNER) == 5
    assert lives.alive("nobody:BTCUSDT") is None


@pytest.mark.parametrize("state", ["hung", "backoff", "exited", "failed"])
def test_a_life_ends_by_its_state(state: str) -> None:
    lives = Lives()
    lives.update([[BOT, 5, "ready"]])
    assert lives.update([[BOT, 5, state]]) == [Ended(OWNER, 5)]
    assert lives.alive(OWNER) is None
    assert lives.update([[BOT, 5, state]]) == []


@pytest.mark.parametrize("state", ["starting", "ready", "stale", "stopping"])
def test_other_states_may_act(state: str) -> None:
    lives = Lives()
    assert lives.update([[BOT, 5, WorkerState(state).value]]) == []
    assert lives.alive(OWNER) == 5


def test_a_successor_ends_its_predecessor() -> None:
    lives = Lives()
    lives.update([[BOT, 5, "ready"]])
    assert lives.update([[BOT, 6, "starting"]]) == [Ended(OWNER, 5)]
    assert lives.alive(OWNER) == 6


def test_a_life_gone_from_the_roster_has_ended() -> None:
    lives = Lives()
    lives.update([[BOT, 5, "ready"]])
    assert lives.update([]) == [Ended(OWNER, 5)]


def test_an_ended_life_never_acts_again() -> None:
    lives = Lives()
    lives.update([[BOT, 5, "ready"]])
    lives.update([[BOT, 5, "hung"]])
    assert lives.update([[BOT, 5, "ready"]]) == []
    assert lives.alive(OWNER) is None
    lives.update([[BOT, 6, "ready"]])
    assert lives.alive(OWNER) == 6

from typing import Any

import pytest

from bot.abstract_bot import AbstractBot
from lib.database import FakeDb
from lib.state import MemoryState
from tests.bot.market import MemoryExchange, MemoryLogger, make_factory, make_timer


class LeastBot(AbstractBot):
    """Has what is required only."""

    def Clean(self) -> None:
        self.cleaned = True


class RememberingHost:
    """Keeps what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def restart(self, target: str, reason: str) -> None:
        self.asked.append((target, reason))


@pytest.fixture
def bot() -> LeastBot:
    return LeastBot({"symbol": "BTCUSDT"}, make_factory(), make_timer())


def test_clean_is_the_only_method_that_a_bot_must_have() -> None:
    assert AbstractBot.__abstractmethods__ == {"Clean"}


def test_a_bot_gets_its_parts_from_the_factory(bot: LeastBot) -> None:
    assert isinstance(bot.exchange, MemoryExchange)
    assert isinstance(bot.logger, MemoryLogger)
    assert isinstance(bot.state, MemoryState)
    assert isinstance(bot.database, FakeDb)
    assert bot.database is bot.database
    assert bot.note == ""


def test_handlers_do_nothing_by_default(bot: LeastBot) -> None:
    calls: dict[str, tuple[Any, ...]] = {
        "onTime": (1,),
        "onOrderbook": (1, 1, 1, 1, "A", "B", 1, 1),
        "onTrade": (1, 1, "BUY", "A", "B", 1, 1),
        "onCandle": (1, 1, 1, 1, 1, "A", "B", 1, True),
        "onAccount": (1, 1, "A", "B", 1),
        "onOrder": (None,),
        "onStatus": ("A", True, ""),
        "onMessage": ("A", "B"),
    }
    for name, values in calls.items():
        assert getattr(bot, name)(*values) is None

    assert MemoryLogger.lines == []


def test_a_restart_is_asked_of_the_host_if_there_is_one(bot: LeastBot) -> None:
    bot.restart("no new data", "stream")
    assert MemoryLogger.lines[-1][0] == "WARNING"

    host = RememberingHost()
    bot.host = host
    bot.restart("no new data", "stream")
    bot.restart("confused")

    assert host.asked == [("stream", "no new data"), ("", "confused")]

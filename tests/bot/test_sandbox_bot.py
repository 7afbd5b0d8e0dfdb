from decimal import Decimal

import pytest

from bot.sandbox_bot import SandboxBot
from lib.constants import OrderType, Side, Status
from lib.models import ZERO, Update
from lib.timer import VirtualTimer
from tests.bot.market import MemoryExchange, MemoryLogger, make_factory, make_timer

ONE = Decimal(1)


@pytest.fixture
def timer() -> VirtualTimer:
    return make_timer()


@pytest.fixture
def bot(timer: VirtualTimer) -> SandboxBot:
    return SandboxBot({"symbol": "BTCUSDT"}, make_factory(), timer)


def book(bot: SandboxBot) -> None:
    bot.onOrderbook(Decimal(2), ONE, ONE, ONE, "BTCUSDT", "X", 0, 1_500_000)


def trade(bot: SandboxBot) -> None:
    bot.onTrade(ONE, ONE, Side.BUY, "BTCUSDT", "X", 0, 0)


def shown() -> list[str]:
    return [message for _, message, _ in MemoryLogger.lines]


def test_events_are_shown_with_their_values(bot: SandboxBot) -> None:
    book(bot)

    _, message, fields = MemoryLogger.lines[-1]
    assert message == "orderbook"
    assert fields["ask"] == Decimal(2)
    assert fields["latency_ms"] == 1.5


def test_at_most_two_lines_a_second_and_the_rest_is_counted(
    bot: SandboxBot, timer: VirtualTimer
) -> None:
    for _ in range(100):
        book(bot)
        timer.advance(0.1)

    assert len(shown()) <= 20
    total = sum(1 + fields["left_out"] for _, _, fields in MemoryLogger.lines)
    assert 90 <= total <= 100
    assert "100 events seen, BTCUSDT 1 / 2" in bot.note


def test_a_busy_kind_does_not_hide_a_quiet_one(bot: SandboxBot, timer: VirtualTimer) -> None:
    for number in range(200):
        book(bot)
        if number % 10 == 5:
            trade(bot)
            bot.onTime(0)
        timer.advance(0.05)

    assert {"orderbook", "trade", "time"} <= set(shown())


def test_what_concerns_the_account_is_never_left_out(bot: SandboxBot) -> None:
    update = Update(
        "a", "BTCUSDT", Side.BUY, OrderType.LIMIT, Status.NEW, ONE, ONE, ZERO, ZERO, False, "", 0
    )  # fmt: skip
    for _ in range(5):
        book(bot)
        bot.onAccount(ONE, ONE, "BTCUSDT", "X", 0)
        bot.onOrder(update)
        bot.onStatus("stream", healthy=False, reason="stale")
        bot.onMessage("operator", "hello")

    assert [shown().count(name) for name in ("account", "order", "status", "message")] == [5] * 4


def test_candles_and_the_end_are_shown_and_nothing_is_posted(bot: SandboxBot) -> None:
    bot.onCandle(ONE, ONE, ONE, ONE, ONE, "BTCUSDT", "X", 0, finished=True)
    bot.Clean()

    assert shown() == ["candle", "cleaned"]
    assert MemoryExchange.last.orders == {}
    assert MemoryExchange.last.cancelled == []


def test_a_pace_of_zero_shows_everything() -> None:
    bot = SandboxBot({"symbol": "BTCUSDT", "lines_per_second": 0}, make_factory(), make_timer())
    for _ in range(10):
        book(bot)

    assert len(shown()) == 10

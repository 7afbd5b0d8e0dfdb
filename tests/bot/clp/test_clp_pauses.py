"""One scenario for each reason to pause: quotes go at once, the wait is kept, quoting goes on."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from bot.clp.state import Mode
from lib.constants import NS_PER_SECOND, Side
from tests.bot.clp.paper import make_candles
from tests.bot.clp.rig import MID, START_NS, Rig

D = Decimal


class Scenario(NamedTuple):
    """How a pause comes about, how it is cured, and how long it lasts at least."""

    conditions: list[Any]
    cause: Callable[[Rig], None]
    cure: Callable[[Rig], None]
    wait_s: int
    words: str


def stand(rig: Rig) -> None:
    """Change nothing: the next quiet book is the cure."""


def go_offline(rig: Rig) -> None:
    rig.venue.is_online = False
    rig.bot.onStatus("online", False, "exchange worker is silent")


def come_online(rig: Rig) -> None:
    rig.venue.is_online = True
    rig.bot.onStatus("online", True, "")


def fall_silent(rig: Rig) -> None:
    rig.pass_time(3, with_book=False)


def grow(rig: Rig) -> None:
    rig.venue.take(D("0.03"), MID)
    rig.deliver()


def shrink(rig: Rig) -> None:
    rig.venue.take(D("-0.03"), MID)
    rig.deliver()


def shake(rig: Rig) -> None:
    for candle in make_candles(START_NS + 60 * NS_PER_SECOND, 1, MID, D(500)):
        rig.bot.onCandle(
            candle.close, candle.high, candle.low, candle.close, D(1), "BTCUSDT", "X",
            candle.start_ns, True,
        )  # fmt: skip
    rig.show()


def calm_down(rig: Rig) -> None:
    rig.bot._volatility.load(make_candles(rig.timer.Timestamp(), 4, MID, D(50)))


def lose(rig: Rig) -> None:
    rig.venue.fill("order 1")
    rig.deliver()
    rig.venue.take(D("-0.01"), D(49_000))
    rig.bot._profit.on_fill(D("-0.01"), D(49_000), D(0), 10**6)
    rig.deliver()


def forget_losses(rig: Rig) -> None:
    rig.bot._profit.on_fill(D(0), D(0), D(-20), 10**6 + 1)


SCENARIOS = {
    "spread_ratio": Scenario(
        [{"spread_ratio": {"max_ratio_spread": 3, "wait": "5s"}}],
        lambda rig: rig.book(spread="2"), Rig.book, 5, "spread 10.0 x its mean",
    ),
    "spread": Scenario(
        [{"spread": {"max_spread": 0.0001, "wait": "4s"}}],
        lambda rig: rig.book(spread="6"), Rig.book, 4, "spread 0.0120%",
    ),
    "latency": Scenario(
        [{"latency": {"max_latency": "100ms", "wait": "3s"}}],
        lambda rig: rig.book(latency_ms=101), stand, 3, "latency 101 ms",
    ),
    "inventory": Scenario(
        [{"inventory": {"max_inventory_usd": 1400, "wait": "6s"}}],
        grow, shrink, 6, "inventory 1500.00",
    ),
    "volatility": Scenario(
        [{"volatility": {"max_atr": 0.003, "wait": "7s"}}],
        shake, calm_down, 7, "volatility 0.4000% a minute",
    ),
    "offline": Scenario(
        [{"offline": {"wait": "2s"}}],
        go_offline, come_online, 2, "offline: exchange worker is silent",
    ),
    "stale": Scenario(
        [{"stale": {"max_age": "2s", "wait": "2s"}}],
        fall_silent, stand, 2, "no book for 3.0 s",
    ),
    "losses": Scenario(
        [{"losses": {"max_loss_usd": 5, "wait": "8s"}}],
        lose, forget_losses, 8, "lost 9.85 today",
    ),
}  # fmt: skip


LASTING = sorted(name for name, one in SCENARIOS.items() if one.cure is not stand)


@pytest.fixture(params=sorted(SCENARIOS))
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[request.param]


def quoting(scenario: Scenario) -> Rig:
    rig = Rig(conditions=scenario.conditions).start()
    for _ in range(200):
        rig.show()
    assert rig.mode is Mode.QUOTE
    rig.venue.requests.clear()
    return rig


def test_all_quotes_are_cancelled_at_once_and_the_reason_is_told(scenario: Scenario) -> None:
    rig = quoting(scenario)
    quotes = [order.id for order in rig.venue.quotes()]

    scenario.cause(rig)

    assert rig.mode is Mode.PAUSE
    (cancel,) = [ids for name, ids in rig.venue.requests if name == "cancel"]
    assert set(cancel) <= set(quotes)
    assert rig.venue.quotes() == []
    (told,) = rig.logged("quoting pauses")
    assert told["reason"].startswith(scenario.words)
    assert scenario.words in rig.bot.note


def test_the_wait_is_kept_even_when_all_is_well_again(scenario: Scenario) -> None:
    rig = quoting(scenario)
    scenario.cause(rig)
    scenario.cure(rig)
    rig.pass_time(scenario.wait_s - 1)
    posts = [ids for name, ids in rig.venue.requests if name == "post"]
    assert (rig.mode, posts) == (Mode.PAUSE, [])

    rig.pass_time(1)

    assert rig.mode is Mode.QUOTE
    assert rig.prices(Side.BUY) == [D("49975")]
    assert [set(fields) for fields in rig.logged("quoting goes on")] == [{"paused_s"}]


@pytest.mark.parametrize("scenario", LASTING, indirect=True)
def test_it_goes_on_pausing_while_the_cause_lasts(scenario: Scenario) -> None:
    rig = quoting(scenario)
    scenario.cause(rig)
    rig.pass_time(3 * scenario.wait_s)

    assert rig.mode is Mode.PAUSE
    assert len(rig.logged("quoting pauses")) == 1


def test_the_stop_is_watched_while_quoting_pauses() -> None:
    rig = Rig(conditions=["offline"]).start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    go_offline(rig)
    rig.book(49_740)
    rig.pass_time(2)

    assert rig.venue.position == 0


def test_without_conditions_nothing_is_posted_while_the_exchange_is_not_online() -> None:
    rig = Rig(conditions=[]).start()
    rig.venue.is_online = False
    rig.bot.onTime(0)

    assert rig.venue.quotes() == []
    assert rig.mode is Mode.PAUSE

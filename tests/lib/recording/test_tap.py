"""Taps: the same bot, given the same, does the same; another one is told apart."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.quoter_bot import QuoterBot
from lib.backtest.backtest import Outcome, run_backtest
from lib.backtest.live_run import TappedRun
from lib.backtest.settings import load_settings
from lib.constants import OrderType, Side, Status
from lib.errors import ConfigError, ExchangeError
from lib.models import ZERO, Order, Update
from lib.recording.replay import replay
from lib.recording.tap_codec import pack, unpacker

YAML = Path(__file__).parent.parent.parent.parent / "yaml"


class WiderQuoter(QuoterBot):
    """Asks for its minimum twice: that is another bot."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.exchange.getMinQty()


class StubbornBot(QuoterBot):
    """Posts, waits, sleeps, is refused: all that crosses the border in a less usual way."""

    def onTime(self, timestamp: int) -> None:
        super().onTime(timestamp)
        try:
            self.exchange.Post(Decimal("0.0000001"), Decimal(1))
        except ExchangeError as error:
            self.logger.warning("refused", error=str(error))
        self.timer.Sleep(0.1)
        self.exchange.Cancel(iter([]))


@pytest.fixture
def taps(tmp_path: Path) -> Path:
    settings = load_settings([YAML / "backtest.yaml"], end="30s")
    run_backtest(replace(settings, tap=str(tmp_path / "taps")), tmp_path / "out")
    return tmp_path / "taps"


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.10"),
        Side.SELL,
        Status.NEW,
        Order(Decimal(1), Decimal("2.5"), post_only=True, tag="x"),
        {"a": [1, None, True, "text", 1.5]},
        (1, Decimal(2)),
        2**63 - 1,
        Update(
            "id",
            "X",
            Side.BUY,
            OrderType.LIMIT,
            Status.FILLED,
            ZERO,
            ZERO,
            ZERO,
            ZERO,
            False,
            "",
            1,
        ),
    ],
    ids=str,
)
def test_values_keep_their_types(value: Any) -> None:
    arrays = unpacker()
    arrays.feed(pack(value))

    (found,) = arrays

    assert found == value
    assert type(found) is type(value)


def test_the_same_bot_does_the_same(taps: Path) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        found = replay(taps / f"quoter-{symbol}.tap")

        assert found.difference == ""
        assert found.owner == f"quoter:{symbol}"
        assert found.orders > 5
        assert found.cancels > 5


def test_another_bot_is_told_apart(taps: Path) -> None:
    target = f"{WiderQuoter.__module__}:{WiderQuoter.__qualname__}"

    found = replay(taps / "quoter-BTCUSDT.tap", target)

    assert "asked getMinQty() where it had asked nothing more" in found.difference


def test_waits_refusals_and_sleeps_are_replayed(tmp_path: Path) -> None:
    settings = load_settings([YAML / "backtest.yaml"], end="5s")
    target = f"{StubbornBot.__module__}:{StubbornBot.__qualname__}"
    plan = replace(settings.bots[0], target=target)
    outcome = run_backtest(replace(settings, bots=(plan,), tap=str(tmp_path)))

    assert outcome.summary["complete"], outcome.trace
    assert replay(tmp_path / "quoter-BTCUSDT.tap").difference == ""


def test_a_torn_tap_is_replayed_as_far_as_it_goes(taps: Path) -> None:
    path = taps / "quoter-BTCUSDT.tap"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])

    found = replay(path)

    assert found.calls > 50
    assert found.difference == ""


def test_what_is_no_tap_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tap").write_bytes(b"\x93\x01\x02\x03")

    with pytest.raises(ConfigError, match="is no tap"):
        replay(tmp_path / "x.tap")


def test_a_tapped_run_has_the_fills_of_the_run(tmp_path: Path) -> None:
    settings = load_settings([YAML / "backtest.yaml"], end="60s")
    outcome: Outcome = run_backtest(replace(settings, tap=str(tmp_path / "taps")))

    run = TappedRun(sorted((tmp_path / "taps").glob("*.tap")))

    def told(recorder: Any) -> set[tuple[Any, ...]]:
        return {
            (each.fill.trade_id, each.fill.price, each.fill.qty, each.fill.realised)
            for each in recorder.fills
        }

    assert len(run.recorder.fills) > 3
    assert told(run.recorder) == told(outcome.recorder)
    assert run.recorder.stats.profit == outcome.recorder.stats.profit

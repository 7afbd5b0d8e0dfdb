"""Taps: the same bot, given the same, does the same; another one is told apart."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bot.quoter_bot import QuoterBot
from lib.backtest.backtest import Outcome, run_backtest
from lib.backtest.live_run import TappedRun
from lib.backtest.settings import load_settings
from lib.constants import OrderType, Side, Status
from lib.errors import ConfigError, ExchangeError
from lib.models import ZERO, Order, Update
from lib.recording.replay import replay
from lib.recording.tap import make_tapped
from lib.recording.tap_codec import pack, unpacker
from lib.recording.tap_file import TapFile, new_tap_path, read_tap
from tests.bot.market import make_factory, make_timer

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


class RaisingBot(QuoterBot):
    """Fails at its first second, as long as `error` says so."""

    error: ClassVar[type[BaseException] | None] = None

    def onTime(self, timestamp: int) -> None:
        self.timer.Timestamp()
        if self.error:
            raise self.error("wanted")
        self.timer.Monotonic()


def tapped(folder: Path, bot_class: type[QuoterBot], **own: Any) -> Path:
    """Run a bot for some seconds, its failures forgiven; return its tap."""
    settings = load_settings([YAML / "backtest.yaml"], end="6s")
    target = f"{bot_class.__module__}:{bot_class.__qualname__}"
    plan = replace(settings.bots[0], target=target, on_error="continue")
    plan = replace(plan, config={**plan.config, **own})
    run_backtest(replace(settings, bots=(plan,), tap=str(folder)))
    return folder / "quoter-BTCUSDT.tap"


def test_what_a_handler_raises_is_raised_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RaisingBot, "error", ValueError)
    path = tapped(tmp_path, RaisingBot)

    assert replay(path).difference == ""
    monkeypatch.setattr(RaisingBot, "error", TypeError)
    assert "ended with TypeError where it had ended with ValueError" in replay(path).difference


def test_a_call_that_was_cut_short_is_cut_short_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RaisingBot, "error", KeyboardInterrupt)
    path = tmp_path / "cut.tap"
    config = {"symbol": "BTCUSDT", "name": "quoter"}
    bot, _ = make_tapped(RaisingBot, config, make_factory(), make_timer(), path)
    with pytest.raises(KeyboardInterrupt):
        bot.onTime(1)
    bot.Clean()
    # Not the bot ends its call, but the worker around it.
    monkeypatch.setattr(RaisingBot, "error", None)

    assert ["cut"] in list(read_tap(path))
    assert replay(path).difference == ""


def test_a_full_tap_ends_between_two_calls(tmp_path: Path, taps: Path) -> None:
    whole = replay(taps / "quoter-BTCUSDT.tap")
    file = TapFile(tmp_path / "small.tap", most_bytes=100)
    for row in read_tap(taps / "quoter-BTCUSDT.tap"):
        file.write(row)
        file.flush()
        if file.is_full and row[0] == "done":
            break
    file.close()

    found = replay(tmp_path / "small.tap")

    assert found.difference == ""
    assert found.calls < whole.calls


def test_the_newest_lives_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        new_tap_path(tmp_path, "quoter:BTCUSDT", number * 10**9, most_files=3).touch()
    other = new_tap_path(tmp_path, "quoter:BTCUSDTX", 0)
    other.touch()

    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [
        "quoter-BTCUSDT-19700101000002000.tap",
        "quoter-BTCUSDT-19700101000003000.tap",
        "quoter-BTCUSDT-19700101000004000.tap",
        other.name,
    ]


def test_secrets_of_the_config_do_not_reach_the_tap(tmp_path: Path) -> None:
    path = tapped(tmp_path, QuoterBot, influx={"token": "very-secret-token"})

    start = next(iter(read_tap(path)))
    assert start[1]["config"]["influx"] == {"token": "***"}
    assert path.stat().st_mode & 0o077 == 0


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

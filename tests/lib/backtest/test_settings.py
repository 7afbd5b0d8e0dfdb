"""What a configuration means for a backtest, and what is wrong with it."""

from decimal import Decimal
from pathlib import Path

import pytest

from lib.backtest.moments import moment_ns
from lib.backtest.params import bot_name
from lib.backtest.settings import Settings, load_settings
from lib.errors import ConfigError
from tests.lib.backtest.markets import START_NS

ROOT = Path(__file__).parent.parent.parent.parent
GOOD = """project: p
venue: {seed: 3, balance: 500}
bots:
  - {name: q, bot: QuoterBot, symbols: [BTCUSDT, ETHUSDT], watch: [SOLUSDT], width: 0.001,
     overrides: {ETHUSDT: {width: 0.002}}}
  - {bot: SandboxBot, symbols: [XRPUSDT]}
"""


def load(folder: Path, text: str = GOOD, *params: str) -> Settings:
    path = folder / "c.yaml"
    path.write_text(text)
    return load_settings([path], params, environment={})


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "yaml").glob("*.yaml")))
def test_shipped_configurations_are_understood_or_refused_in_words(name: str) -> None:
    try:
        settings = load_settings([ROOT / "yaml" / name])
    except ConfigError as error:
        assert "venue.feed" in str(error)
    else:
        assert settings.project == name.removesuffix(".yaml")


def test_each_symbol_gets_its_own_config(tmp_path: Path) -> None:
    settings = load(tmp_path)

    owners = [bot.owner for bot in settings.bots]
    assert owners == ["q:BTCUSDT", "q:ETHUSDT", "sandbox_bot:XRPUSDT"]
    assert [bot.config.get("width") for bot in settings.bots] == [0.001, 0.002, None]
    assert settings.symbols == ("BTCUSDT", "SOLUSDT", "ETHUSDT", "XRPUSDT")
    assert settings.balance == {"USDT": Decimal(500)}
    assert settings.seed == 3


@pytest.mark.parametrize(
    ("param", "widths"),
    [
        ("width=0.005", [0.005, 0.002, 0.005]),
        ("q.width=0.005", [0.005, 0.002, None]),
        ("q.overrides.ETHUSDT.width=9", [0.001, 9, None]),
    ],
)
def test_params_reach_the_bots_they_name(tmp_path: Path, param: str, widths: list[object]) -> None:
    settings = load(tmp_path, GOOD, param)

    assert [bot.config.get("width") for bot in settings.bots] == widths


def test_params_reach_venue_and_backtest(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD, "venue.seed=9", "backtest.latency.order=20ms",
                    "backtest.fees.maker=-0.0001")  # fmt: skip

    assert settings.seed == 9
    assert settings.latency["order"] == 0.02
    assert settings.options.maker_fee == Decimal("-0.0001")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("project: p\n", "`bots` must be a list"),
        ("project: p\nbots: [{bot: QuoterBot}]\n", "c.yaml:2: a bot needs `bot` and `symbols`"),
        (GOOD + "backtest: {speed: 2}\n", "unknown key 'backtest.speed'; there are from, to"),
        (GOOD + "backtest: {latency: 5ms}\n", "must be a mapping of market, order"),
        (GOOD + "backtest: {latency: {market: [1ms, 2ms]}}\n", "must be one duration"),
        (GOOD + "backtest: {latency: {order: 5}}\n", "write 5s if you mean seconds"),
        (GOOD + "backtest: {latency: {moments: no.csv}}\n", "there is no file no.csv"),
        (GOOD + "backtest: {queue: fifo}\n", "must be proportional or none"),
        (GOOD + "backtest: {fees: {vip: 1}}\n", "must be a mapping of maker, taker"),
        (GOOD.replace("seed: 3", "feed: live"), "'live' cannot be replayed"),
        (GOOD.replace("seed: 3", "feed: recording"), "needs venue.files"),
        (GOOD.replace("seed: 3", "feed: recording, files: [no.tvr]"), "no file no.tvr"),
        (GOOD.replace("XRPUSDT", "BTCUSDT"), "BTCUSDT is traded by 'q' already"),
        (GOOD.replace("balance: 500", "balance: much"), "not a number"),
    ],
)
def test_faults_are_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10s", START_NS + 10 * 10**9),
        ("2026-01-01", START_NS),
        ("2026-01-01T00:00:01.5Z", START_NS + 1_500_000_000),
        ("2026-01-01T01:00:00+01:00", START_NS),
    ],
)
def test_moments(text: str, expected: int) -> None:
    assert moment_ns(text, START_NS) == expected


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ConfigError, match="'soon' is no time; write 2026-01-31"):
        moment_ns("soon", 0)


@pytest.mark.parametrize(
    ("bot", "name"),
    [
        ({"bot": "QuoterBot"}, "quoter_bot"),
        ({"bot": "my/trend.py:Trend"}, "trend"),
        ({"bot": "my.module:Trend"}, "module"),
        ({"bot": "x.py", "name": "other"}, "other"),
    ],
)
def test_names_of_bots_are_those_of_live_runs(bot: dict[str, str], name: str) -> None:
    assert bot_name(bot) == name

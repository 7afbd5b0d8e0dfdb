"""Configuration files, checked: what is right passes, what is wrong is one line with its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lib.constants import WorkerKind
from lib.errors import ConfigError
from supervisor.config.plan import make_plan
from supervisor.config.schema import schema
from supervisor.config.spec import Spec, load_spec
from supervisor.config.used_defaults import used_defaults
from supervisor.judges.watch import LEARNED

YAML = Path(__file__).parents[3] / "yaml"
BASE = """\
project: t
venue: {feed: synthetic}
bots:
  - {bot: QuoterBot, symbols: [BTCUSDT]}
"""
Load = Callable[..., Spec]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def _load(text: str, environment: dict[str, str] | None = None, **options: Any) -> Spec:
        path = tmp_path / "c.yaml"
        path.write_text(text)
        return load_spec([path], environment or {}, **options)

    return _load


def test_smallest_configuration_is_enough(load: Load) -> None:
    spec = load(BASE)

    assert spec.project == "t"
    assert spec.bots[0].name == "quoter_bot"
    assert spec.root.watchdog.book == LEARNED
    assert spec.root.restart.limit.count == 10


def test_units_are_read(load: Load) -> None:
    spec = load(
        BASE
        + "watchdog: {book: 500ms, trade: learned, candle: off, mark: 0}\n"
        + "restart: {backoff: 1..5s, limit: 3 in 1m}\n"
    )

    assert spec.root.watchdog.limit("book") == 0.5
    assert spec.root.watchdog.limit("trade") == LEARNED
    assert spec.root.watchdog.limit("candle") == spec.root.watchdog.limit("mark") == 0
    assert (spec.root.restart.backoff.first, spec.root.restart.backoff.last) == (1.0, 5.0)
    assert (spec.root.restart.limit.count, spec.root.restart.limit.window) == (3, 60.0)


def test_strategy_keeps_its_own_keys_and_overrides(load: Load) -> None:
    spec = load(
        BASE
        + "  - bot: SandboxBot\n    symbols: [ETHUSDT, XRPUSDT]\n    hold: 2.1s\n"
        + "    spread: {inner: {qty: 0.01, width: 1}}\n"
        + "    overrides: {XRPUSDT: {spread: {inner: {qty: 5}}}}\n"
    )

    bot = spec.bots[1]

    assert bot.settings_for("ETHUSDT") == {
        "hold": "2.1s",
        "spread": {"inner": {"qty": 0.01, "width": 1}},
    }
    assert bot.settings_for("XRPUSDT")["spread"]["inner"] == {"qty": 5, "width": 1}


def test_bot_s_restart_rules_lie_over_the_general_ones(load: Load) -> None:
    spec = load(
        BASE.replace("[BTCUSDT]}", "[BTCUSDT], restart: {on_failed: stop}}")
        + "restart: {limit: 3 in 1m}\n"
    )

    policy = make_plan(spec).of_kind(WorkerKind.BOT)[0].restart
    assert policy.on_failed == "stop"
    assert policy.limit == 3
    assert spec.root.restart.on_failed == "isolate"


WRONG = [
    ("watchdg: {}", 5, "unknown key 'watchdg'; did you mean 'watchdog'?"),
    ("watchdog: {bok: 3s}", 5, "unknown key 'watchdog.bok'; did you mean 'book'?"),
    ("watchdog:\n  book: 3", 6, "watchdog.book: 3 has no unit; write 3s"),
    ("watchdog: {book: soon}", 5, "'soon' is no limit"),
    ("watchdog: [1]", 5, "watchdog: needs a mapping, not a list"),
    ("watchdog: {heartbeat: 100ms}", 5, "watchdog.heartbeat is below 500ms"),
    ("restart: {on_failed: isolat}", 5, "did you mean 'isolate'?"),
    ("restart: {limit: 10}", 5, "restart.limit: 10 is not a rate"),
    ("restart: {backoff: 0..30}", 5, "30 has no unit; write 30s"),
    ("factory: SandboxFactry", 5, "unknown factory 'SandboxFactry'; did you mean 'SandboxFactory'"),
    ("database: Influx", 5, "unknown database 'Influx'; did you mean 'InfluxDb'?"),
    ("vault: Foo", 5, "unknown vault 'Foo'"),
    ("vault: {name: Foo}", 5, "unknown vault 'Foo'"),
    ("vault: {timeout: 3}", 5, "vault.timeout: 3 has no unit; write 3s"),
    ("timescale: {hosst: x}", 5, "did you mean 'host'?"),
    ("exchange: BINANCE.SPOT", 5, "unknown exchange 'BINANCE.SPOT'"),
    ("stream: {replicas: 0}", 5, "stream.replicas: needs a whole number >= 1, not 0"),
    ("stream: {replicas: 2.5}", 5, "stream.replicas: needs a whole number, not a number 2.5"),
    ("stream: {channels: [book, tarde]}", 5, "'tarde' is unknown; did you mean 'trade'?"),
    ("stream: {store: book}", 5, "needs a list, not text 'book'; write [book]"),
    ("log: {level: loud}", 5, "'loud' is unknown; right would be: trace, debug"),
    ("influx: {urll: x}", 5, "unknown key 'influx.urll'; did you mean 'url'?"),
    ("BINANCE.FUTURES: {dead_man: 60}", 5, "60 has no unit; write 60s"),
    ("BINANCE.FUTURES: {risk: {max_position: 1}}", 5, "did you mean 'max_position_usd'?"),
    ("BINANCE.FUTURES: {risk: {max_position_usd: x}}", 5, "needs a number, not 'x'"),
    ("BINANCE.FUTURES: {rest_url: http://x}", 5, "has addresses of its own, and a `venue`"),
    ("BINANCE.FUTURES: {rest_url: ftp://x}", 5, "needs an address like http://"),
    ("preload: [bots/x.py]", 5, "needs the names of Python modules, like pandas"),
    ("bots: []", 5, "key 'bots' stands here twice"),
    ("  - {bot: QuoterBot, symbols: [XRPUSDT]}", 5, "a second bot is called 'quoter_bot'"),
    ("  - {bot: SandboxBot, symbols: [BTCUSDT]}", 5, "BTCUSDT is traded by 'quoter_bot' already"),
    ("  - {bot: SandboxBot, symbols: []}", 5, "bots[1].symbols: needs a list with at least one"),
    ("  - {bot: SandboxBot, symbols: X}", 5, "needs a list, not text 'X'; write [X]"),
    ("  - {bot: SandboxBot, symbols: [ethusdt]}", 5, "'ethusdt' is no symbol; write ETHUSDT"),
    ("  - {bot: SandboxBot, symbols: [A/B]}", 5, "'A/B' is no symbol"),
    ("  - {bot: SandboxBot, symbolz: [A]}", 5, "'symbols' is missing; is 'symbolz' meant for it?"),
    ("  - {bot: SandbxBot, symbols: [A]}", 5, "unknown bot 'SandbxBot'; did you mean 'SandboxBot'"),
    ("  - {bot: no/such.py, symbols: [A]}", 5, "there is no file no/such.py (looked in"),
    ("  - {bot: SandboxBot, symbols: [A], name: a b}", 5, "'a b' cannot name a bot"),
    ("  - {bot: SandboxBot, symbols: [A], on_eror: x}", 5, "did you mean 'on_error'?"),
    (
        "  - {bot: SandboxBot, symbols: [A], on_error: x}",
        5,
        "'x' is unknown; right would be: resta",
    ),
    ("  - {bot: SandboxBot, symbols: [A], overrides: {B: {}}}", 5, "not among the bot's symbols"),
    (
        "  - {bot: SandboxBot, symbols: [A], overrides: {A: {name: x}}}",
        5,
        "cannot differ per symbol",
    ),
    ("  - {bot: SandboxBot, symbols: [A], restart: {limitt: 3}}", 5, "did you mean 'limit'?"),
]


@pytest.mark.parametrize(("line", "number", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_wrong_line_is_refused_where_it_stands(
    load: Load, line: str, number: int, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"{BASE}{line}\n")

    assert f"c.yaml:{number}: " in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


CHANGED = [
    ("project: t\n", "", "'project' is missing"),
    ("project: t", "project: 1", "project: needs text, not a whole number 1"),
    ("project: t", "project: a/b", "may hold only letters, digits, _ and -"),
    ("venue: {feed: synthetic}", "stream: {}", "rest_url is missing; for the real one: https://"),
    ("synthetic", "synthetc", "did you mean 'synthetic'?"),
    ("synthetic", "recording", "the recording feed needs files: [PATH]"),
    ("synthetic", "recording, files: [nope]", "there is no file nope"),
    ("synthetic", "synthetic, files: [a]", "venue.files needs `feed: recording`"),
    ("synthetic", "synthetic, rest_url: http://x", "venue.rest_url needs `feed: live`"),
    ("synthetic", "live", "the live feed needs rest_url"),
    ("synthetic", "synthetic, port: x", "venue.port: needs a whole number, not text 'x'"),
    ("synthetic", "synthetic, port: 99999", "venue.port: needs a whole number <= 65535"),
    ("synthetic", "synthetic, speed: 0", "venue.speed: needs a number > 0"),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGED, ids=[row[1] for row in CHANGED])
def test_wrong_value_is_refused(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(BASE.replace(old, new))

    assert message in str(caught.value)


def test_bot_s_file_is_found_beside_the_configuration(load: Load, tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").touch()

    spec = load(BASE.replace("QuoterBot", "my_bot.py:Mine"))

    assert spec.bots[0].target == f"{tmp_path}/my_bot.py:Mine"
    assert spec.bots[0].name == "my_bot"


@pytest.mark.parametrize(
    ("target", "name"), [("my.pkg.bots:Fast", "bots"), ("my.pkg.bots.Fast", "bots")]
)
def test_dotted_path_is_taken_as_it_is(load: Load, target: str, name: str) -> None:
    spec = load(BASE.replace("QuoterBot", target))

    assert (spec.bots[0].target, spec.bots[0].name) == (target, name)


def test_recording_s_path_is_made_whole(load: Load, tmp_path: Path) -> None:
    (tmp_path / "day.gz").touch()

    spec = load(BASE.replace("synthetic", "recording, files: [day.gz]"))

    assert spec.root.venue is not None
    assert spec.root.venue.files == [str(tmp_path / "day.gz")]


def test_missing_variables_are_named_together_with_their_places(load: Load) -> None:
    text = BASE + "BINANCE.FUTURES:\n  key: ${MY_KEY}\ninflux: {token: '${TOKEN_X}'}\n"

    with pytest.raises(
        ConfigError, match=r"c.yaml:6: .*MY_KEY, TOKEN_X \(.*c.yaml:7\) are not set"
    ):
        load(text)
    found = load(text, complete=False)

    assert [variable.name for variable in found.missing] == ["MY_KEY", "TOKEN_X"]


def test_secret_is_never_in_the_spec(load: Load) -> None:
    text = BASE + "BINANCE.FUTURES:\n  key: ${MY_KEY}\nvault: {name: EnvVault, token: '${T}'}\n"

    spec = load(text, {"MY_KEY": "hidden", "T": "hidden"})

    assert "hidden" not in repr(spec)
    assert spec.exchange.key == "${MY_KEY}"
    assert spec.vault == {"token": "${T}"}
    assert {"MY_KEY", "T"} <= spec.secrets


def test_secret_in_a_file_that_others_can_read_is_a_warning(load: Load, tmp_path: Path) -> None:
    text = BASE + "BINANCE.FUTURES: {key: abc, secret: '${S:-}'}\n"
    (tmp_path / "c.yaml").touch(0o644)

    [warning] = load(text).warnings
    (tmp_path / "c.yaml").chmod(0o600)

    assert "c.yaml:5: a secret stands in a file that others can read" in warning
    assert load(text).warnings == ()


def test_venue_can_be_taken_away_by_an_added_file(load: Load, tmp_path: Path) -> None:
    load(BASE)
    added = tmp_path / "real.yaml"
    added.write_text("venue: null\nBINANCE.FUTURES: {rest_url: https://x, ws_url: wss://x}\n")

    spec = load_spec([tmp_path / "c.yaml", added], {})

    assert spec.root.venue is None
    assert spec.exchange.rest_url == "https://x"


@pytest.mark.parametrize("name", sorted(path.name for path in YAML.glob("*.yaml")))
def test_shipped_configurations_are_right(name: str) -> None:
    spec = load_spec([YAML / name], {}, complete=False)

    assert spec.project == name.removesuffix(".yaml")
    assert len(spec.bots) >= 1


def test_sandbox_needs_nothing() -> None:
    spec = load_spec([YAML / "sandbox.yaml"], {})

    assert sum(len(bot.section.symbols) for bot in spec.bots) == 4
    assert spec.root.venue is not None


def test_schema_knows_every_section() -> None:
    found = schema()

    assert found["additionalProperties"] is False
    assert {"project", "bots", "venue", "BINANCE.FUTURES"} <= set(found["properties"])
    assert "additionalProperties" not in found["$defs"]["BotSection"]
    assert found["$defs"]["WatchdogSection"]["additionalProperties"] is False
    msgspec.json.encode(found)


@pytest.mark.parametrize(
    "section",
    [
        "influx: {url: 'http://x', database: d, user: u, password: hidden}",
        "timescale: {dsn: 'postgresql://me:hidden@host/db'}",
        "vault: {name: HashicorpVault, token: hidden}",
    ],
)
def test_secrets_of_databases_and_vaults_are_warned_about_too(
    load: Load, tmp_path: Path, section: str
) -> None:
    (tmp_path / "c.yaml").touch(0o644)

    [warning] = load(BASE + section).warnings

    assert "c.yaml:5: a secret stands in a file that others can read" in warning


def test_used_defaults_are_those_that_are_not_overridden(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(BASE + "watchdog: {book: 5s}\n")

    names = [row[0] for row in used_defaults([path])]

    assert "watchdog.book" not in names
    assert "watchdog.account" in names
    assert "BINANCE.FUTURES.dead_man" in names
    assert "venue.feed" not in names


@pytest.mark.parametrize(
    ("text", "shown", "hidden"),
    [
        ("", "spool.max_bytes", "influx.timeout"),
        ("factory: LocalFactory", "sqlite.timeout", "influx.timeout"),
        ("factory: LiveFactory\ndatabase: TimescaleDb", "timescale.timeout", "influx.timeout"),
        ("influx: {url: x}", "influx.timeout", "timescale.timeout"),
        ("factory: LiveFactory\ninflux: {timeout: 2s}", "influx.gzip", "influx.timeout"),
        ("vault: HashicorpVault", "vault.timeout", "sqlite.timeout"),
        ("vault: {name: HashicorpVault, auth: approle}", "vault.mount", "vault.auth"),
        ("vault: EnvVault", "log.level", "vault.timeout"),
    ],
)
def test_only_adapters_in_use_lean_on_defaults(
    tmp_path: Path, text: str, shown: str, hidden: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{BASE}{text}\n")

    names = [row[0] for row in used_defaults([path])]

    assert shown in names
    assert hidden not in names

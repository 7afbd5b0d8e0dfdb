"""The `venue` and `stream` sections: all their settings reach the workers, whole and in seconds."""

from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from lib.venue.configuration import read_settings
from supervisor.config.plan import make_plan
from supervisor.config.spec import load_spec

BASE = "project: t\nbots: [{{bot: QuoterBot, symbols: [BTCUSDT]}}]\n{}\n"
WHOLE = """\
venue:
  balance: {USDT: 500, BNB: "0.5"}
  latency: {order: 20ms, cancel: [1ms, 2ms], market: rows.txt}
  user_stream_requires_events: expire
  accounts: [{name: main, key: k1, secret: s1}, {name: other, key: k2, secret: s2}]
  persist: kept.json
  connection_life: 1h
  ping_period: 1m
  pong_timeout: 90s
  listen_key_life: 30m
  strict_parameters: false
  messages_per_second: 5
  weight_limit: 6000
  orders_10s: 100
  orders_1m: 600
  history_minutes: 30
  maker_fee: 0
  taker_fee: "0.0004"
  order_latency: 5ms
  cancel_latency: 6ms
  queue_cancels: none
  deep_levels: 10
  dead_man_covers_algo: true
  leverage: 5
  self_trade_prevention: NONE
  max_algo_orders: 10
"""


def config_of(path: Path, text: str, kind: str) -> dict[str, Any]:
    path.write_text(BASE.format(text))
    plan = make_plan(load_spec([path], {}))
    [worker] = [worker for worker in plan.workers if worker.name == kind]
    found: dict[str, Any] = worker.config[kind]
    return found


def test_every_setting_reaches_the_venue(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("0.001\n0.002\n")

    found = config_of(tmp_path / "c.yaml", WHOLE, "venue")

    assert found["latency"]["order"] == 0.02
    assert found["latency"]["cancel"] == [0.001, 0.002]
    assert found["latency"]["market"] == str(tmp_path / "rows.txt")
    settings = read_settings({**found, "persist": None})
    assert settings.latencies["market"].draw_ns() in (1_000_000, 2_000_000)
    assert settings.user_events == "expire"
    assert [account.name for account in settings.accounts] == ["main", "other"]
    assert {name: str(value) for name, value in settings.balances.items()} == {
        "USDT": "500",
        "BNB": "0.5",
    }
    seconds = (3600, 60, 90, 1800)
    named = (settings.connection_ns, settings.ping_ns, settings.pong_ns, settings.listen_key_ns)
    assert named == tuple(each * 10**9 for each in seconds)
    assert not settings.strict
    assert settings.messages == 5
    assert (settings.quotas.weight, settings.quotas.orders_10s, settings.quotas.orders_1m) == (
        6000,
        100,
        600,
    )
    options = settings.options
    assert (str(options.maker_fee), str(options.taker_fee)) == ("0", "0.0004")
    assert (options.order_latency_ns, options.cancel_latency_ns) == (5_000_000, 6_000_000)
    assert (options.queue_cancels, options.deep_levels, options.leverage) == ("none", 10, 5)
    assert options.dead_man_covers_algo
    assert (options.self_trade_prevention, options.max_algo_orders) == ("NONE", 10)


def test_what_is_not_given_is_left_to_the_venue(tmp_path: Path) -> None:
    found = config_of(tmp_path / "c.yaml", "venue: {}", "venue")

    assert not {"latency", "accounts", "leverage", "connection_life", "record"} & set(found)
    read_settings(found)


def test_files_that_are_to_be_written_get_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (tmp_path / "old.json").touch()

    found = config_of(
        tmp_path / "c.yaml",
        "venue: {persist: old.json, feed: live, rest_url: http://h, "
        "ws_url: ws://h, record: new.gz}",
        "venue",
    )

    assert found["persist"] == str(tmp_path / "old.json")
    assert found["record"] == str(elsewhere / "new.gz")


@pytest.mark.parametrize(
    ("section", "error"),
    [
        ("{record: x.gz}", "venue.record needs `feed: live`"),
        ("{persist: nowhere/x.json}", "there is no folder nowhere"),
        ("{latency: {order: 5}}", "5 has no unit"),
        ("{latency: {order: rows.txt}}", "there is no file rows.txt"),
        ("{latency: {odrer: 5ms}}", "did you mean 'order'?"),
        ("{user_stream_requires_events: maybe}", "'maybe' is unknown"),
        ("{connection_life: 5}", "5 has no unit"),
        ("{leverage: 0}", "venue.leverage"),
        ("{conection_life: 5s}", "did you mean 'connection_life'?"),
        ("{accounts: [{nam: x}]}", "did you mean 'name'?"),
        ("{balance: much}", "venue.balance"),
    ],
)
def test_wrong_venue_settings_are_refused_with_their_place(
    tmp_path: Path, section: str, error: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(tmp_path / "c.yaml", f"venue: {section}", "venue")

    assert error in str(caught.value)
    assert "c.yaml:3" in str(caught.value)


def test_depth_and_connections_of_the_stream_can_be_chosen(tmp_path: Path) -> None:
    text = "venue: {}\nstream: {depth: diff, renew: 1h, streams_per_connection: 50}"

    found = config_of(tmp_path / "c.yaml", text, "stream")

    assert (found["depth"], found["renew"], found["streams_per_connection"]) == ("diff", 3600.0, 50)


@pytest.mark.parametrize("wrong", ["depth: full", "renew: 5", "streams_per_connection: 2000"])
def test_wrong_stream_settings_are_refused_with_their_place(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml:4: stream"):
        config_of(tmp_path / "c.yaml", f"venue: {{}}\nstream: {{{wrong}}}", "stream")

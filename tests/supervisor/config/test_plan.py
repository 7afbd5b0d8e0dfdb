"""From a checked configuration to workers."""

import json
from pathlib import Path
from typing import Any

import pytest

from lib.constants import WorkerKind
from supervisor.config.plan import Plan, make_plan
from supervisor.config.spec import load_spec
from supervisor.judges.watch import LEARNED

VENUE = """\
project: t
factory: LocalFactory
database: NoDb
venue: {feed: synthetic, balance: 500}
stream: {channels: [book, trade]}
watchdog: {book: 2s, trade: learned, account: 30s, heartbeat: 2s}
restart: {backoff: 1..9s, limit: 4 in 1m, on_failed: halt}
bots:
  - name: a
    bot: QuoterBot
    symbols: [BTCUSDT, ETHUSDT]
    watch: [SOLUSDT, ETHUSDT]
    width: 0.001
    overrides: {ETHUSDT: {width: 0.002}}
  - {name: b, bot: SandboxBot, symbols: [XRPUSDT], candles: live, restart: {grace: 9s}}
"""
REAL = """\
project: t
BINANCE.FUTURES:
  rest_url: https://rest/
  ws_url: wss://ws
  key: ${K}
  secret: ${S}
  risk: {max_position_usd: 100.5, max_open_orders: 3}
vault: {name: EnvVault, url: here, timeout: 2s}
stream: {replicas: 2}
influx: {url: http://db, token: "${T}", timeout: 3s}
bots: [{bot: QuoterBot, symbols: [BTCUSDT]}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "c.yaml"


def plan_of(path: Path, text: str) -> Plan:
    path.write_text(text)
    return make_plan(load_spec([path], {"K": "leak-k", "S": "leak-s", "T": "token"}))


def own(plan: Plan, name: str) -> dict[str, Any]:
    [worker] = [worker for worker in plan.workers if worker.name == name]
    found: dict[str, Any] = worker.config[worker.kind.value]
    return found


def test_workers_come_in_the_order_of_their_start(config: Path) -> None:
    plan = plan_of(config, VENUE)

    assert [worker.name for worker in plan.workers] == [
        "venue",
        "exchange",
        "stream",
        "bot:a:BTCUSDT",
        "bot:a:ETHUSDT",
        "bot:b:XRPUSDT",
    ]
    assert plan.streams == ["stream"]


def test_replicas_are_numbered_and_a_real_exchange_needs_no_venue(config: Path) -> None:
    plan = plan_of(config, REAL)

    assert plan.streams == ["stream-1", "stream-2"]
    assert plan.of_kind(WorkerKind.VENUE) == []


def test_venue_plays_what_bots_trade_and_watch(config: Path) -> None:
    venue = own(plan_of(config, VENUE), "venue")

    assert venue["active"] == ["BTCUSDT", "ETHUSDT", "XRPUSDT", "SOLUSDT"]
    assert venue["balance"] == "500"
    assert "symbols" not in venue


def test_stream_carries_what_anybody_wants(config: Path) -> None:
    stream = own(plan_of(config, VENUE), "stream")

    assert stream["symbols"] == ["BTCUSDT", "ETHUSDT", "XRPUSDT", "SOLUSDT"]
    assert stream["live_candles"] is True
    assert stream["limits"] == {"book": 2.0}


def test_exchange_knows_its_owners(config: Path) -> None:
    exchange = own(plan_of(config, VENUE), "exchange")

    assert exchange["symbols"] == ["BTCUSDT", "ETHUSDT", "XRPUSDT"]
    assert exchange["owners"] == ["a:BTCUSDT", "a:ETHUSDT", "b:XRPUSDT"]
    assert exchange["limits"] == {"account": 30.0, "book": 2.0}
    assert "key" not in exchange


def test_bot_s_constructor_gets_one_merged_dictionary(config: Path) -> None:
    bot = own(plan_of(config, VENUE), "bot:a:ETHUSDT")

    assert bot["class"] == "QuoterBot"
    assert bot["symbols"] == ["ETHUSDT", "SOLUSDT"]
    assert bot["live_candles"] is False
    config_of_bot = bot["config"]
    assert config_of_bot["width"] == 0.002
    assert config_of_bot["symbol"] == "ETHUSDT"
    assert config_of_bot["watch"] == ["SOLUSDT"]
    assert config_of_bot["name"] == "a"
    assert config_of_bot["project"] == "t"
    assert config_of_bot["exchange"] == "BINANCE.FUTURES"
    assert config_of_bot["BINANCE.FUTURES"]["dead_man"] == 60.0
    assert not {"symbols", "overrides", "bot", "candles"} & set(config_of_bot)


def test_limits_and_policies_follow_the_configuration(config: Path) -> None:
    workers = {worker.name: worker for worker in plan_of(config, VENUE).workers}

    assert workers["stream"].limits == {"book": 2.0, "trade": LEARNED}
    assert workers["exchange"].limits == {"account": 30.0}
    assert workers["venue"].limits == {}
    assert workers["stream"].heartbeat == 2.0
    policy = workers["stream"].restart
    assert (policy.backoff_min, policy.backoff_max) == (1.0, 9.0)
    assert (policy.limit, policy.window, policy.on_failed) == (4, 60.0, "halt")
    assert workers["bot:b:XRPUSDT"].restart.grace == 9.0
    assert workers["exchange"].restart.grace > workers["bot:a:BTCUSDT"].restart.grace


def test_factory_s_parts_reach_everybody(config: Path) -> None:
    for worker in plan_of(config, VENUE).workers:
        assert worker.config["factory"] == {"name": "LocalFactory", "parts": {"database": "NoDb"}}


def test_secrets_reach_the_exchange_worker_alone_and_unresolved(config: Path) -> None:
    plan = plan_of(config, REAL)

    exchange = own(plan, "exchange")
    assert (exchange["key"], exchange["secret"]) == ("${K}", "${S}")
    for worker in plan.workers:
        text = json.dumps(worker.config)
        assert "leak" not in text
        if worker.kind is not WorkerKind.EXCHANGE:
            assert "${" not in text
            assert "vault" not in worker.config["general"]
    [exchange_worker] = plan.of_kind(WorkerKind.EXCHANGE)
    assert exchange_worker.config["general"]["vault"] == {"url": "here", "timeout": 2.0}
    assert {"K", "S"} <= plan.secrets
    assert "T" not in plan.secrets


def test_everybody_gets_the_database_and_plain_values(config: Path) -> None:
    plan = plan_of(config, REAL)

    influx = {"url": "http://db", "token": "token", "timeout": 3.0}
    assert all(worker.config["general"]["influx"] == influx for worker in plan.workers)
    exchange = own(plan, "exchange")
    assert exchange["rest_url"] == "https://rest"
    assert exchange["risk"] == {"max_position_usd": "100.5", "max_open_orders": 3}

"""Rules of restarting and of resources: for all, a kind, a bot, one worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lib.errors import ConfigError
from supervisor.config.plan import make_plan
from supervisor.config.spec import Spec, load_spec

BASE = """\
project: t
venue: {feed: synthetic}
bots:
  - {bot: QuoterBot, symbols: [BTCUSDT]}
"""
Load = Callable[[str], Spec]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def _load(text: str) -> Spec:
        path = tmp_path / "c.yaml"
        path.write_text(text)
        return load_spec([path], {})

    return _load


def test_rules_of_care_hold_for_all_for_a_kind_for_a_bot_and_for_one_worker(load: Load) -> None:
    spec = load(
        BASE.replace("[BTCUSDT]}", "[BTCUSDT], resources: {nice: 3}}")
        + "restart: {limit: 3 in 1m, exchange: {limit: 9 in 1m, restarts_with: [stream]}}\n"
        + "resources: {memory: 300MB, bot: {nice: 2, cpu: 0.5}, workers: {stream: {memory: 1GB}}}\n"
    )

    workers = {worker.name: worker for worker in make_plan(spec).workers}
    exchange, stream = workers["exchange"], workers["stream"]
    bot = workers["bot:quoter_bot:BTCUSDT"]
    assert exchange.restart.limit == 9
    assert exchange.restart.restarts_with == ("stream",)
    assert stream.restart.limit == 3
    assert stream.care.resources.given() == {"memory": 1_000_000_000}
    assert bot.care.resources.given() == {"memory": 300_000_000, "nice": 3, "cpu": 0.5}


WRONG = [
    ("watchdog: {dropped: 2}", 5, "watchdog.dropped"),
    ("restart: {bot: {limit: often}}", 5, "restart.bot.limit"),
    ("restart: {restarts_with: [strem]}", 5, "there is no worker 'strem'; did you mean 'stream'?"),
    ("restart: {bot: {restarts_with: [x]}}", 5, "there is no worker 'x'"),
    ("resources: {memory: 300}", 5, "resources.memory"),
    ("resources: {memry: 300MB}", 5, "did you mean 'memory'?"),
    ("resources: {memory: 2GB, memory_max: 1GB}", 5, "must not be below memory"),
    ("resources: {stream: {cpus: [9999]}}", 5, "there is no core 9999"),
    ("resources: {nice: 20}", 5, "resources.nice"),
    ("resources: {workers: {strem: {nice: 1}}}", 5, "there is no worker 'strem'"),
]


@pytest.mark.parametrize(("text", "line", "message"), WRONG)
def test_what_can_never_hold_is_refused_with_its_place(
    load: Load, text: str, line: int, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"{BASE}{text}\n")

    assert message in str(caught.value)
    assert f"c.yaml:{line}" in str(caught.value)

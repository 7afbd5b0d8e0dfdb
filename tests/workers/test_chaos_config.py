"""Which configurations may be drilled, and what is drilled then."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import yaml
from lib.errors import ConfigError
from supervisor.config.spec import load_spec
from workers.chaos_config import CHAOS_BOT, Drill, read_drill

GOOD: dict[str, Any] = {
    "project": "t",
    "venue": {"feed": "synthetic"},
    "BINANCE.FUTURES": {"dead_man": "60s", "risk": {"max_order_usd": 500, "max_open_orders": 3}},
    "influx": {"url": "http://127.0.0.1:1"},
    "bots": [
        {"name": "a", "bot": "QuoterBot", "symbols": ["BTCUSDT", "ETHUSDT"], "on_crash": "adopt"},
        {"bot": "mine.py:MyBot", "symbols": ["SOLUSDT"], "width": 0.1},
    ],
}
URLS = {
    "rest_url": "http://127.0.0.1:9",
    "ws_url": "ws://127.0.0.1:9",
    "key": "k",
    "secret": "s",
}


def drill(tmp_path: Path, **changes: Any) -> Drill:
    (tmp_path / "mine.py").write_text("class MyBot: ...\n")
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(GOOD | changes))
    return read_drill([str(path)])


def test_owners_limits_and_what_becomes_of_orders_are_read(tmp_path: Path) -> None:
    found = drill(tmp_path)

    assert found.owners == ["a:BTCUSDT", "a:ETHUSDT", "mine:SOLUSDT"]
    assert found.limits.max_order_usd == Decimal(500)
    assert found.limits.max_open_orders == 3
    assert found.limits.max_order_qty is None
    assert found.on_crash["a:ETHUSDT"] == "adopt"
    assert found.dead_man == 10.0


def test_what_is_drilled_is_a_good_configuration_without_databases(tmp_path: Path) -> None:
    found = drill(tmp_path)
    path = tmp_path / "drill.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(found.write(tmp_path, URLS, tmp_path / "n")))

    spec = load_spec([path])

    assert spec.exchange.rest_url == URLS["rest_url"]
    assert {bot.target for bot in spec.bots} == {CHAOS_BOT}
    assert spec.bots[1].settings["drill_bot"] == f"{tmp_path / 'mine.py'}:MyBot"
    assert spec.bots[1].settings["width"] == 0.1
    assert spec.root.influx is None
    assert spec.warnings == ()


@pytest.mark.parametrize("venue", [None, {"feed": "live", "rest_url": "x", "ws_url": "y"}])
def test_anything_but_an_own_market_is_refused(tmp_path: Path, venue: Any) -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        drill(tmp_path, venue=venue)

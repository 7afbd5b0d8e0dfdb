"""CLP trades on four symbols while workers are killed: no rule broken, every cent explained."""

import contextlib
import json
import os
import signal
import sqlite3
import time
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.e2e.clp_ledger import (
    CENT,
    assert_exposure_is_kept,
    assert_held,
    assert_money_is_explained,
    assert_orders_keep_the_rules,
    profit_at,
)
from tests.e2e.harness import SYMBOLS, System, make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

KILL_SECONDS = 10.0
MAX_USD = Decimal(800)
HOLD = 2.1
SLACK = 0.6
"""Seconds by which requests of a busy machine may be late."""
RECOVERY_NS = 6_000_000_000
FUNDING_NS = 8 * 3_600 * 10**9
WILD = "XRPUSDT"
"""The symbol whose stop is so close that positions are liquidated, too."""
CLP: dict[str, Any] = {
    "name": "clp",
    "bot": "CLP",
    "symbols": list(SYMBOLS),
    "spread": {
        "inner": {"width": 0.0003, "gap": 0.05, "usd": 120, "hysteresis": 0.4},
        "outer": {"width": 0.0009, "usd": [120, 150], "hysteresis": 0.5, "min_width": 0.0004},
    },
    "hold": f"{HOLD}s",
    "max_exposure_usd": str(MAX_USD),
    "skew": 0.0001,
    "inventory": {"stoploss_coeff": 8, "cooldown": "2s"},
    "conditions": [
        "offline",
        "stale",
        {"latency": {"max_latency": "1s", "wait": "1s"}},
        {"losses": {"max_loss_usd": 200}},
    ],
    "overrides": {WILD: {"inventory": {"stoploss_coeff": 0.4}}},
}
VICTIMS = (
    "bot:clp:BTCUSDT", "exchange", "stream", f"bot:clp:{WILD}", "exchange", "bot:clp:ETHUSDT",
)  # fmt: skip


@pytest.mark.parametrize(
    "seconds",
    [60.0, pytest.param(300.0, marks=[pytest.mark.long, pytest.mark.timeout(500)])],
)
def test_clp_keeps_its_rules_whatever_is_killed(seconds: float) -> None:
    config = sandbox("clp", factory="LocalFactory", bots=[CLP], restart={"limit": "100 in 60s"})
    config["venue"]["balance"] = 20_000
    with make_system(config) as system:
        system.start()
        _until_all_quote(system)
        begun_ns = time.time_ns()
        killed = _kill_now_and_then(system, seconds)
        _until_all_quote(system)
        ledger = system.venue("/venue/ledger")
        # Time for the summaries that lie after the ledger's last fill.
        _wait(2.0)
        records = _records(system)
        assert system.stop().returncode == 0

    assert len(ledger["fills"]) >= 20
    assert_orders_keep_the_rules(ledger)
    for symbol in SYMBOLS:
        assert_exposure_is_kept(ledger, symbol, MAX_USD)
    excused = [(at_ns, at_ns + RECOVERY_NS) for at_ns in killed] + _pauses(records)
    calm = [symbol for symbol in SYMBOLS if symbol != WILD]
    assert sum(assert_held(ledger, symbol, HOLD - SLACK, excused) for symbol in calm) > 0
    if begun_ns // FUNDING_NS == ledger["time_ns"] // FUNDING_NS:
        assert_money_is_explained(ledger)
        _compare_profits(ledger, records)


def _kill_now_and_then(system: System, seconds: float) -> list[int]:
    """Kill a worker every ten seconds; return when."""
    killed = []
    for number in range(int(seconds / KILL_SECONDS)):
        victim = VICTIMS[number % len(VICTIMS)]
        before = until(f"{victim} can be killed", partial(_living, system, victim))
        killed.append(time.time_ns())
        end = time.monotonic() + KILL_SECONDS
        assert before is not None
        os.kill(before["pid"], signal.SIGKILL)
        system.until_replaced(before)
        _wait(end - time.monotonic())
    return killed


def _living(system: System, name: str) -> dict[str, Any] | None:
    worker = system.worker(name)
    return worker if worker["pid"] else None


def _wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    until("time passes", lambda: time.monotonic() >= end, max(1.0, 5 * seconds))


def _until_all_quote(system: System) -> None:
    try:
        until("all bots have quotes", lambda: _quoting(system) == set(SYMBOLS))
    except AssertionError:
        notes = {one["name"]: one["note"] for one in system.status()["workers"]}
        raise AssertionError(f"not all quote: {notes}\n{system.logs()}") from None


def _quoting(system: System) -> set[str]:
    return {order["symbol"] for order in system.open_orders() if order["type"] == "LIMIT"}


def _records(system: System) -> list[dict[str, Any]]:
    """Return what the bots have written to their database, oldest first."""
    path = system.folder / "state" / "tickvisor" / system.project / "history.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT series, time_ns, tags, fields FROM records ORDER BY time_ns"
        ).fetchall()
    return [
        {"series": series, "time_ns": time_ns, **json.loads(tags)}
        | json.loads(fields, parse_float=Decimal)
        for series, time_ns, tags, fields in rows
    ]


def _pauses(records: list[dict[str, Any]]) -> list[tuple[int, int]]:
    rows = [row for row in records if row["series"].endswith("_pauses") and row["paused"]]
    return [(row["time_ns"] - 10**9, row["time_ns"] + 10**9) for row in rows]


def _compare_profits(ledger: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """What each bot believes to have earned is what the ledger's fills say, over all its lives."""
    for symbol in SYMBOLS:
        fills = [fill["time_ns"] for fill in ledger["fills"] if fill["symbol"] == symbol]
        quiet = [
            row
            for row in records
            if row["series"].endswith("_clp") and row["symbol"] == symbol
            if row["time_ns"] < ledger["time_ns"]
            if all(abs(row["time_ns"] - at_ns) > 0.7e9 for at_ns in fills)
        ]
        assert quiet, symbol
        last = quiet[-1]
        expected = profit_at(ledger, symbol, last["time_ns"], Decimal(last["mid"]))
        assert abs(expected - Decimal(last["profit"])) < CENT, (symbol, last, expected)

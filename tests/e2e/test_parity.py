"""A tapped run of the sandbox: the same again by replay, nearly the same by a free backtest."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import yaml
from lib.backtest.results import read_table
from tests.e2e.harness import ROOT, System, make_system, sandbox, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CLP: dict[str, Any] = {
    "name": "clp",
    "bot": "CLP",
    "symbols": ["ETHUSDT"],
    "spread": {"inner": {"width": 0.0001, "usd": 120, "hysteresis": 0.2}},
    "hold": "1s",
    "max_exposure_usd": 800,
}
QUOTER: dict[str, Any] = {
    "name": "quoter",
    "bot": "QuoterBot",
    "symbols": ["BTCUSDT"],
    "width": 0.00005,
    "hysteresis": 0.5,
}
WATCHER: dict[str, Any] = {"name": "sandbox", "bot": "SandboxBot", "symbols": ["SOLUSDT"]}
BUSY = {"feed": "synthetic", "seed": 7, "rate": 60}
CALM = QUOTER | {"width": 0.00015, "hysteresis": 0.9}
"""Moves its quotes so seldom that a busy machine's delays change little."""
ORDERS = 20
FILLS = 30


def test_bots_do_the_same_when_they_are_given_the_same_again() -> None:
    bots = [bot | {"tap": True} for bot in (QUOTER, CLP, WATCHER)]
    config = sandbox("tapped", factory="LocalFactory", venue=BUSY, bots=bots)
    with make_system(config) as system:
        system.start()
        before = system.worker("bot:quoter:BTCUSDT")
        until("the quoter trades", _seldom(lambda: _orders(system, "BTCUSDT") >= ORDERS))
        os.kill(before["pid"], signal.SIGKILL)
        system.until_replaced(before)
        until("all trade", _seldom(lambda: _orders(system, "ETHUSDT") >= ORDERS))
        system.until_flowing()
        ledger = system.venue("/venue/ledger")
        assert system.stop().returncode == 0
        done = system.run("replay", str(system.log_dir.parent / "taps"), "--json")
        _check_report(system, ledger)

    replayed = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["owner"] for each in replayed] == [
        "clp:ETHUSDT", "quoter:BTCUSDT", "quoter:BTCUSDT", "sandbox:SOLUSDT",
    ]  # fmt: skip
    assert [each["difference"] for each in replayed] == [""] * 4
    assert all(each["calls"] > ORDERS for each in replayed)
    # The killed life lacks a second at most.
    assert sum(each["orders"] for each in replayed) >= 1.5 * ORDERS


def _check_report(system: System, ledger: dict[str, Any]) -> None:
    """The database tells the same fills as the venue, and each cent of the wallet."""
    out = system.folder / "report"
    said = system.run("report", str(system.config), "--bot", "clp", "--out", str(out), "--json")
    assert said.returncode == 0, said.stderr
    summary = json.loads(said.stdout)
    known = {int(row["trade_id"]): row for row in read_table(out / "fills.csv")}
    truth = [fill for fill in ledger["fills"] if fill["symbol"] == "ETHUSDT"]
    assert truth
    for fill in truth:
        row = known[fill["id"]]
        assert Decimal(row["price"]) == Decimal(fill["price"])
        assert Decimal(row["qty"]) == Decimal(fill["qty"])
    assert summary["total"]["orders"] >= ORDERS
    assert not [each for each in summary["missing"] if each.startswith("fills of")]
    assert system.run("report", str(out)).returncode == 0
    assert (out / "report.html").stat().st_size > 10_000


@pytest.mark.long
def test_a_free_backtest_of_the_recording_has_the_fills_of_the_run(tmp_path: Path) -> None:
    """The run's market is recorded beside it, and played with the latency of each moment."""
    symbols = ["BTCUSDT", "ETHUSDT"]
    quoter = CALM | {"symbols": symbols, "tap": str(tmp_path / "taps")}
    arguments = ("--seed", "3", "--active", ",".join(symbols), "--rate", "10")
    with make_outer_venue(*arguments) as venue, _recorded(venue, tmp_path, symbols):
        config = sandbox("live", bots=[quoter])
        del config["venue"]
        config["BINANCE.FUTURES"] = {**venue.urls, "key": "${KEY}", "secret": "${SECRET}"}
        with make_system(config) as system:
            system.environment |= {"KEY": venue.key, "SECRET": venue.secret}
            system.start()
            _until_traded(venue, FILLS)
            assert system.stop().returncode == 0
    found = compare_with_backtest(tmp_path, config)

    assert found["fills"][0] >= FILLS
    assert found["share"] >= 0.9, found
    assert set(found["differences"]) <= {"latency", "queue", "data"}


def compare_with_backtest(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Return the parity report of `folder/taps` against a backtest of `folder/recordings`.

    Args:
        folder: Of both.
        config: The live run's.
    """
    files = [str(path) for path in sorted((folder / "recordings").glob("*.tvr"))]
    kept = {name: config[name] for name in ("watchdog", "bots")}
    free = {"project": "free", "venue": {"feed": "recording", "files": files}, **kept}
    (folder / "free.yaml").write_text(yaml.safe_dump(free))
    _run("replay", str(folder / "taps"), "--out", str(folder / "live"))
    live = json.loads((folder / "live" / "results.json").read_text())
    begin, end = (datetime.fromtimestamp(live[name] / 1e9, UTC) for name in ("start_ns", "end_ns"))
    _run(
        "backtest", str(folder / "free.yaml"), "--add", str(folder / "live" / "latency.yaml"),
        "--from", begin.isoformat(), "--to", end.isoformat(), "--out", str(folder / "free"),
        "--quiet",
    )  # fmt: skip
    said = _run("replay", str(folder / "taps"), "--against", str(folder / "free"), "--json")
    found: dict[str, Any] = json.loads(said)
    return found


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "supervisor", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def _recorded(venue: OuterVenue, folder: Path, symbols: list[str]) -> Iterator[None]:
    """Record a venue's market into `folder/recordings` meanwhile."""
    config = {"project": "record", "BINANCE.FUTURES": venue.urls, "bots": []}
    (folder / "record.yaml").write_text(yaml.safe_dump(config))
    process = subprocess.Popen(
        [
            sys.executable, "-m", "supervisor", "record", str(folder / "record.yaml"),
            "--symbols", ",".join(symbols), "--channels", "book,trade,mark,depth",
            "--out", str(folder / "recordings"),
        ],
        cwd=ROOT,
    )  # fmt: skip
    try:
        until("something is recorded", lambda: list((folder / "recordings").glob("*.tvr")))
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _orders(system: System, symbol: str) -> int:
    orders = system.venue("/venue/ledger")["orders"]
    return sum(order["symbol"] == symbol for order in orders)


def _until_traded(venue: OuterVenue, fills: int) -> None:
    traded = _seldom(lambda: len(venue.ledger()["fills"]) >= fills)
    until(f"{fills} fills", traded, 120.0)


def _seldom(probe: Callable[[], bool]) -> Callable[[], bool]:
    """Ask for the ledger, which grows and grows, but once a second."""
    due = 0.0

    def ask() -> bool:
        nonlocal due
        now = time.monotonic()
        if now < due:
            return False
        due = now + 1.0
        return probe()

    return ask

"""The strategy of the engines' comparison under Tickvisor; `backtest_peers` has the others."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.backtest_market import write_recording
from benchmarks.backtest_peers.rules import (
    CASH,
    MAKER_FEE,
    SYMBOL,
    TICKS_PER_UNIT,
    Played,
    Quotes,
    main,
)
from lib.backtest.backtest import run_backtest
from lib.backtest.settings import load_settings

AT_ONCE = dict.fromkeys(("market", "order", "cancel", "account"), "0s")


def write_config(folder: Path, bot: str, recording: str) -> Path:
    """Write the configuration of one bot over a recording; return its path."""
    config = {
        "project": "benchmark",
        "venue": {"feed": "recording", "files": [recording], "balance": CASH},
        "backtest": {"latency": AT_ONCE, "fees": {"maker": MAKER_FEE, "taker": MAKER_FEE}},
        "bots": [{"name": "bot", "bot": bot, "symbols": [SYMBOL]}],
    }
    path = folder / f"{Path(recording).stem}.yaml"
    path.write_text(json.dumps(config), "utf-8")
    return path


def prepare(folder: Path, quotes: Quotes, *, warm_up: bool) -> None:
    """Write a recording and a configuration."""
    recording = folder / f"market-{warm_up}.tvr"
    recording.unlink(missing_ok=True)
    write_recording(recording, quotes)
    write_config(folder, "benchmarks.backtest_bots:MakerBot", str(recording))


def play(folder: Path, *, warm_up: bool) -> Played:
    """Play them."""
    settings = load_settings([folder / f"market-{warm_up}.yaml"])
    outcome = run_backtest(replace(settings, book_limit_ns=0))
    if outcome.trace:
        raise SystemExit(outcome.trace)
    rows = [each.fill for each in outcome.recorder.fills]
    fills = [(row.time_ns, str(row.side), int(row.price * TICKS_PER_UNIT)) for row in rows]
    return Played(fills, float(outcome.summary["total"]["profit"]))


if __name__ == "__main__":
    main(sys.argv[1:], prepare, play)

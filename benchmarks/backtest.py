"""Events per second and core of a backtest, beside other engines that run the same strategy.

Loading is included, imports and compiling are not; seconds are those of the processor, so that what
else the machine does counts little. Each run is a process of its own, so that its peak memory can
be told. The market is the quotes of a recording (or, where there is none, of a random walk),
repeated until there are enough; each engine reads it from the kind of file that it likes best.
`--install` makes a virtual environment for each of the other engines (about 2 GB in all).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.backtest_market import make_quotes, write_recording
from benchmarks.backtest_ours import write_config
from benchmarks.backtest_peers.rules import RESULT, Quotes, write_quotes
from benchmarks.backtest_peers.venvs import PEERS, install, installed, python_of
from benchmarks.table import table

ROOT = Path(__file__).parent.parent
BOTS = {
    "reads prices": "benchmarks.backtest_bots:ReaderBot",
    "the market maker below": "benchmarks.backtest_bots:MakerBot",
    "QuoterBot": "QuoterBot",
}
OURS = "tickvisor"
TOLERANCE = 0.0001
"""By how much profits may differ, in USDT: some engines round each fee to eight digits."""
CHILD = """
import json, sys, time
from benchmarks.backtest_peers.rules import peak_mb
from lib.backtest.backtest import run_backtest
from lib.backtest.settings import load_settings
begun = time.process_time()
outcome = run_backtest(load_settings([sys.argv[1]]))
seconds = time.process_time() - begun
assert not outcome.trace, outcome.trace
print(json.dumps([seconds, peak_mb(), outcome.summary["total"]["fills"]]))
"""
BARE = """
import json, time
from decimal import Decimal
from benchmarks.backtest_bots import ReaderBot
from benchmarks.backtest_peers.rules import peak_mb
bot = object.__new__(ReaderBot)
bot.highest = bot._ask = Decimal(0)
bot.rises = 0
prices = [Decimal(number) / 10 for number in range(600_000, 601_000)]
rows = [(prices[n % 990 + 1], prices[n * 7 % 999], prices[n % 990], prices[n * 3 % 998],
         "BTCUSDT", "BINANCE.FUTURES", n, 0) for n in range(1000)] * 300
begun = time.process_time()
for ask, ask_qty, bid, bid_qty, symbol, exchange, time_ns, lag_ns in rows:
    bot.onOrderbook(ask, ask_qty, bid, bid_qty, symbol, exchange, time_ns, lag_ns)
print(json.dumps([time.process_time() - begun, peak_mb(), len(rows)]))
"""
"""How fast this machine is now: the same handler without any engine."""


def run(arguments: list[str]) -> int:
    """Measure and print; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks backtest", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="(%(default)s)")
    parser.add_argument(
        "--compared", type=int, default=300_000, help="events for all engines (%(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each (%(default)s)")
    parser.add_argument("--install", action="store_true", help="install the other engines first")
    options = parser.parse_args(arguments)
    if options.install:
        install()
    title, quotes = make_quotes(max(options.events, options.compared))
    with tempfile.TemporaryDirectory(prefix="tv-") as name:
        print(bots_table(Path(name), title, quotes.first(options.events), options.rounds))
    with tempfile.TemporaryDirectory(prefix="tv-") as name:
        print()
        print(peers_table(Path(name), title, quotes.first(options.compared), options.rounds))
    missing = [peer.package for peer in PEERS if peer not in installed()]
    if missing:
        print(f"\nnot installed: {', '.join(missing)}; --install makes environments for them")
    return 0


def bots_table(folder: Path, title: str, quotes: Quotes, rounds: int) -> str:
    """Measure our bots; return the table."""
    recording = folder / "market.tvr"
    write_recording(recording, quotes)
    seconds, _, calls = (median(each) for each in zip(*_rounds(BARE, rounds), strict=True))
    rows = [["no engine: bare calls", f"{calls / seconds:,.0f}", "", ""]]
    for name, bot in BOTS.items():
        config = write_config(folder, bot, str(recording))
        measured = _rounds(CHILD, rounds, str(config))
        seconds, peak, fills = (median(column) for column in zip(*measured, strict=True))
        pace = len(quotes.bid) / seconds
        rows.append([name, f"{pace:,.0f}", f"{peak:.0f}", f"{fills:,.0f}"])
    header = ["tickvisor, bot:", "events/s", "peak MB", "fills"]
    return table(f"{len(quotes.bid):,} {title}, medians of {rounds}", header, rows)


def peers_table(folder: Path, title: str, quotes: Quotes, rounds: int) -> str:
    """Run the market maker under all engines that there are; return the table."""
    write_quotes(folder, quotes)
    ours = [(OURS, [sys.executable, "-m", "benchmarks.backtest_ours"])]
    others = [
        (peer.package.replace("==", " "), [str(python_of(peer)), "-m", peer.module])
        for peer in installed()
    ]
    found: dict[str, list[dict[str, Any]]] = {}
    for _, command in ours + others:
        subprocess.run([*command, "prepare", str(folder)], cwd=ROOT, check=True)
    for _ in range(rounds):
        for name, command in ours + others:
            subprocess.run([*command, "play", str(folder)], cwd=ROOT, check=True)
            result = json.loads((folder / RESULT).read_text("utf-8"))
            found.setdefault(name, []).append(result)
    rows = [_row(name, results, found[OURS][0], quotes) for name, results in found.items()]
    header = ["engine", "events/s", "peak MB", "fills", "same as ours", "profit", "agrees"]
    return table(f"the same market maker on {len(quotes.bid):,} {title}", header, rows)


def _row(
    name: str, results: list[dict[str, Any]], ours: dict[str, Any], quotes: Quotes
) -> list[str]:
    seconds = median(result["seconds"] for result in results)
    peak = median(result["peak_mb"] for result in results)
    fills = results[0]["fills"]
    same = (Counter(map(tuple, fills)) & Counter(map(tuple, ours["fills"]))).total()
    agrees = same == len(fills) == len(ours["fills"])
    agrees = agrees and abs(results[0]["profit"] - ours["profit"]) <= TOLERANCE
    return [
        name,
        f"{len(quotes.bid) / seconds:,.0f}",
        f"{peak:.0f}",
        f"{len(fills):,}",
        f"{same:,}",
        f"{results[0]['profit']:.6f}",
        "yes" if agrees else "no",
    ]


def _rounds(code: str, rounds: int, *arguments: str) -> list[list[float]]:
    """Run code in processes of its own; return what each prints: seconds, peak MB, a number."""
    command = [sys.executable, "-c", code, *arguments]
    return [
        json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        for _ in range(rounds)
    ]

"""Orders from `Post` to the exchange, beside one asyncio process around python-binance.

Both trade 20 symbols at the same venue, in turns: at a book event each symbol places an order far
from the market and cancels the one before. `post` is from the bot's decision (its time is in the
order's id) until the venue has it, `tick` from the book event's own time (whole milliseconds).
Journal and risk checks are measured apart.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.order_costs import measure_journal, measure_risk
from benchmarks.system import ROOT, running
from benchmarks.table import percentile, table
from benchmarks.venue import Other
from lib.oms.ids import made_ns
from lib.venue.symbols import catalogue

BOT = str(Path(__file__).with_name("order_bot.py"))
QUOTE = "USDT"
USD = "200"
WARM_SECONDS = 3.0
"""Left out at the start of each turn."""
NO_LIMITS = {"max_open_orders": 0, "max_orders_per_second": 0}
COMMITS = 2_000
CHECKS = 5_000
COMMIT_PAUSE = 0.002


class Figures:
    """Delays of one side, over all its turns, ms."""

    def __init__(self) -> None:
        """Have none."""
        self.post: list[float] = []
        self.tick: list[float] = []

    def add(self, ticks: dict[str, int], received: dict[str, int]) -> None:
        """Add one turn: order id -> tick time, order id -> time at the venue."""
        known = sorted(set(ticks) & set(received), key=made_ns)
        begun_ns = made_ns(known[0]) + round(WARM_SECONDS * 1e9) if known else 0
        for name in known:
            if made_ns(name) >= begun_ns:
                self.post.append((received[name] - made_ns(name)) / 1e6)
                self.tick.append((received[name] - ticks[name]) / 1e6)

    def row(self, name: str) -> list[Any]:
        """Return a line of the table."""
        return [
            name,
            len(self.post),
            *(percentile(self.post, percent) for percent in (50, 99)),
            *(percentile(self.tick, percent) for percent in (50, 99)),
        ]


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Yield a socket that bots send their figures to."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        heard.bind(str(path))
        heard.settimeout(1.0)
        yield heard


def ours(venue: Other, symbols: list[str], every: float, seconds: float) -> tuple[Any, list[float]]:
    """Run a whole system for some seconds; return order id -> tick time, and what `Post` cost."""
    ticks: dict[str, int] = {}
    costs: list[float] = []
    with tempfile.TemporaryDirectory(prefix="tvb-") as folder:
        path = Path(folder, "figures")
        bot = {"name": "orders", "bot": f"{BOT}:OrderBot", "symbols": symbols, "every": every}
        config = {
            "project": "orders",
            "factory": "SandboxFactory",
            "vault": "ConfigVault",
            "BINANCE.FUTURES": {
                "rest_url": venue.addresses["rest_url"],
                "ws_url": venue.addresses["ws_url"],
                "key": "${BENCH_KEY}",
                "secret": "${BENCH_SECRET}",
                "risk": {**NO_LIMITS, "account": NO_LIMITS},
            },
            "stream": {"channels": ["book"]},
            "bots": [{**bot, "qty": USD, "figures": str(path)}],
        }
        keys = {"BENCH_KEY": venue.addresses["key"], "BENCH_SECRET": venue.addresses["secret"]}
        with listening(path) as heard, running(config, **keys):
            for name, tick_ns, cost_ns in _lines(heard, seconds):
                ticks[name] = tick_ns
                costs.append(cost_ns / 1e3)
    return ticks, costs


def _lines(heard: socket.socket, seconds: float) -> Iterator[tuple[str, int, int]]:
    end = os.times().elapsed + seconds
    while os.times().elapsed < end:
        try:
            name, tick, cost = heard.recv(200).decode().split()
        except TimeoutError:
            continue
        yield name, int(tick), int(cost)


def theirs(venue: Other, symbols: list[str], every: float, seconds: float) -> dict[str, int]:
    """Run the single process for some seconds; return order id -> tick time."""
    wanted = {**venue.addresses, "symbols": symbols, "every": every, "usd": USD, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.order_client", json.dumps(wanted)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    ticks: dict[str, int] = json.loads(done.stdout)
    return ticks


def received(venue: Other) -> dict[str, int]:
    """Return order id -> when the venue got its request, ns."""
    url = venue.addresses["rest_url"] + "/venue/ledger"
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
        rows = json.load(answer)["requests"]
    return {
        row["params"]["newClientOrderId"]: row["time_ns"]
        for row in rows
        if row["method"] == "POST" and "newClientOrderId" in row["params"]
    }


def run(arguments: list[str]) -> int:
    """Measure and print; the exit code is 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks orders", description=__doc__)
    parser.add_argument("--symbols", type=int, default=20, help="default: 20")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two orders")
    parser.add_argument("--rate", type=float, default=10.0, help="book events/s of a symbol")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each (default: 2)")
    wanted = parser.parse_args(arguments)
    symbols = [name for name in catalogue() if name.endswith(QUOTE)][: wanted.symbols]
    names = ",".join(symbols)
    we, they, costs = Figures(), Figures(), list[float]()
    venue = Other(
        "--symbols", names, "--active", names, "--rate", str(wanted.rate), ledger_limit=100_000
    )
    try:
        for _ in range(wanted.rounds):
            ticks, cost = ours(venue, symbols, wanted.every, wanted.seconds)
            costs += cost
            we.add(ticks, received(venue))
            they.add(theirs(venue, symbols, wanted.every, wanted.seconds), received(venue))
    finally:
        venue.end()
    header = ["", "orders", "post p50 ms", "p99", "tick p50 ms", "p99"]
    rows = [we.row("tickvisor, one process per bot"), they.row("python-binance, one process")]
    ratios = [
        mine / other if other else 0.0 for mine, other in zip(rows[0][2:], rows[1][2:], strict=True)
    ]
    rows.append(["ratio", "", *ratios])
    print(table(f"{len(symbols)} symbols at one venue", header, rows))
    commits, empty = asyncio.run(measure_journal(symbols, COMMITS, COMMIT_PAUSE))
    checks = measure_risk(symbols, CHECKS)
    alone = [
        [name, percentile(times, 50), percentile(times, 99)]
        for name, times in (
            ("Post returns", costs),
            ("journal", commits),
            ("journal, nothing to write", empty),
            ("risk checks", checks),
        )
    ]
    print()
    print(table("alone, µs", ["", "p50", "p99"], alone))
    return 0

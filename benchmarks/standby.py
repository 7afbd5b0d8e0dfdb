"""Two stream workers, one of them killed, frozen or muted: missing events, added delay.

`python -m benchmarks standby [--rounds 6]`: every trade that the venue has sent is looked for in
what the bot was handed, from the exchange's event time to the handler.
"""

import argparse
import json
import os
import select
import signal
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.system import System, running
from benchmarks.table import percentile, table
from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.timer import LiveTimer

SYMBOL = "BTCUSDT"
QUIET_SECONDS = 4.0
HIT_SECONDS = 6.0
"""How long the delays after a hit are counted: until the hit one has been replaced."""
BUFFER = 1 << 20
MARGIN_MS = 50
"""An event may be told later than its trade was made."""


class Trade(NamedTuple):
    """One trade in the bot's handler: the exchange's time, its content, the handler's time, ns."""

    event_ns: int
    content: str
    at_ns: int


class Trades:
    """Socket on which the bot tells of its trades."""

    def __init__(self, path: str) -> None:
        """Open it."""
        self.path = path
        self.all: list[Trade] = []
        self._timer = LiveTimer()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)

    def close(self) -> None:
        """Close and remove it."""
        self._socket.close()
        os.unlink(self.path)  # noqa: PTH108 - a socket

    def take(self, seconds: float) -> list[float]:
        """Take in trades for a time; return their delays in ms."""
        first = len(self.all)
        end_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)
        while (left_ns := end_ns - self._timer.Monotonic()) > 0:
            if select.select([self._socket], [], [], left_ns / NS_PER_SECOND)[0]:
                self.all += [Trade(*row) for row in json.loads(self._socket.recv(BUFFER))]
        return [(trade.at_ns - trade.event_ns) / 1e6 for trade in self.all[first:]]


def run(arguments: list[str]) -> int:
    """Hit one of two again and again, print a table; exit code 1 when an event is missing."""
    parser = argparse.ArgumentParser(prog="benchmarks standby", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6, help="per way to fail (default: 6)")
    parser.add_argument("--rate", type=float, default=120.0, help="events/s (default: 120)")
    options = parser.parse_args(arguments)
    trades = Trades(f"/tmp/tv-trades-{os.getpid()}")  # noqa: S108 - short, and ours by pid
    rows, missing = [], 0
    try:
        with running(_config(trades.path, options.rate)) as system:
            for way, hit in WAYS.items():
                row, lost = _way(system, trades, way, hit, options.rounds)
                rows.append(row)
                missing += lost
    finally:
        trades.close()
    header = [
        "one of two is", "n", "trades", "missing", "doubled", "before: p50 ms", "p99 ms",
        "after: p50 ms", "p99 ms", "max ms", "added at p99 ms",
    ]  # fmt: skip
    print(
        table("hot standby: venue -> handler while one of two stream workers fails", header, rows)
    )
    return 1 if missing else 0


def _config(path: str, rate: float) -> dict[str, Any]:
    bot = {"name": "trade", "bot": "benchmarks.bots:TradeBot", "symbols": [SYMBOL], "trades": path}
    return {
        "project": "standby",
        "factory": "SandboxFactory",
        "venue": {"feed": "synthetic", "seed": 1, "rate": rate},
        "stream": {"replicas": 2},
        "restart": {"limit": "100000 in 60s"},
        "bots": [bot],
    }


def _signal(number: int) -> Callable[[System, int], None]:
    def hit(system: System, turn: int) -> None:
        os.kill(system.worker(f"stream-{turn % 2 + 1}")["pid"], number)

    return hit


def _mute(system: System, turn: int) -> None:
    found = [
        each["number"]
        for each in system.venue("/venue/status")["connections"]
        if any("trade" in name.lower() for name in each["streams"])
    ]
    fault = {"name": "mute_market", "connection": found[turn % len(found)], "seconds": HIT_SECONDS}
    system.venue("/venue/faults", fault)


WAYS = {"killed": _signal(signal.SIGKILL), "frozen": _signal(signal.SIGSTOP), "muted": _mute}


def _way(
    system: System, trades: Trades, way: str, hit: Callable[[System, int], None], rounds: int
) -> tuple[list[object], int]:
    before: list[float] = []
    after: list[float] = []
    missing = doubled = 0
    for turn in range(rounds):
        system.until(lambda: system.status().get("state") == "running")
        first = len(trades.all)
        before += trades.take(QUIET_SECONDS)
        hit(system, turn)
        after += trades.take(HIT_SECONDS)
        first_ms = trades.all[first].event_ns // NS_PER_MS - MARGIN_MS
        sent = [
            f"{row['p']} {row['q']}"
            for row in system.venue(f"/fapi/v1/aggTrades?symbol={SYMBOL}&limit=1000")
            if row["T"] >= first_ms
        ]
        got = [trade.content for trade in trades.all[first:]]
        lost, twice = _compare(got, sent)
        missing += lost
        doubled += twice
    added = percentile(after, 99) - percentile(before, 99)
    row: list[object] = [
        way, rounds, len(before) + len(after), missing, doubled,
        percentile(before, 50), percentile(before, 99), percentile(after, 50),
        percentile(after, 99), percentile(after, 100), added,
    ]  # fmt: skip
    return row, missing


def _compare(got: list[str], sent: list[str]) -> tuple[int, int]:
    """Return how many of the trades between the first and the last got are missing, or doubled."""
    known = set(got)
    places = [place for place, content in enumerate(sent) if content in known]
    wanted = Counter(sent[places[0] : places[-1] + 1]) if places else Counter(sent)
    came = Counter(got)
    return (wanted - came).total(), (came - wanted).total()

"""kill -9 -> the replacement's first beat, readiness and first event or order, per worker kind.

`python -m benchmarks recovery [--kills 20]`: a sandbox with four symbols; each kill waits until
the system has been whole for a random part of a second. `supervisors` has the others beside ours,
`twenty` a run of twenty workers.
"""

import argparse
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import zmq

from benchmarks.system import ROOT, System, running
from benchmarks.table import percentile, table
from lib.bus.protocol import decode

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]
BOT = "bot:stamp:BTCUSDT"
HITS = (
    ("stream", "stream", signal.SIGKILL),
    ("exchange", "exchange", signal.SIGKILL),
    ("exchange, handing over", "exchange", signal.SIGUSR1),
    ("bot", BOT, signal.SIGKILL),
    ("venue", "venue", signal.SIGKILL),
)
"""What is measured, whom it hits, and by which signal."""
STEPS = ("exited", "started", "first beat", "ready")
TRADED = "LTCUSDT"
"""Symbol of the bot that posts orders."""
AIMS = {
    ("stream", "first beat"): "15 / 50",
    ("exchange", "first beat"): "15 / 50",
    ("bot", "first beat"): "15 / 50",
    ("bot", "first event"): "60 / -",
    ("stream", "first event"): "30 / 80",
    ("exchange", "first order"): "300 / -",
}
"""Median / worst in ms on a quiet machine."""
EVENT_SECONDS = 30.0


def run(arguments: list[str]) -> int:
    """Kill, measure, print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks recovery", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="per worker kind (default: 20)")
    options = parser.parse_args(arguments)
    rows = []
    with Stamps() as stamps, running(_config(stamps.path)) as system:
        for kind, name, number in HITS:
            samples = [_hit(system, name, number, stamps) for _ in range(options.kills)]
            for step in (*STEPS, "first event", "first order"):
                values = [sample[step] for sample in samples if step in sample]
                if values:
                    median, worst = percentile(values, 50), percentile(values, 100)
                    aim = AIMS.get((kind, step), "")
                    rows.append([kind, step, len(values), median, worst, aim])
    for step, values in _floor(options.kills).items():
        rows.append(["bare fork, for comparison", step, options.kills, *values, ""])
    header = ["worker", "signal ->", "n", "p50 ms", "max ms", "aim: p50 / max"]
    print(table("recovery, kill -9 where nothing is said (sandbox, 4 symbols)", header, rows))
    return 0


def _floor(count: int) -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fork_floor", str(count)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


class Stamps:
    """Datagram socket on which bots say when they got their first event."""

    def __enter__(self) -> "Stamps":
        """Open the socket."""
        self.path = f"/tmp/tv-stamps-{os.getpid()}"  # noqa: S108 - short, and ours by pid
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        """Close and remove it."""
        self._socket.close()
        os.unlink(self.path)  # noqa: PTH108 - a socket

    def drain(self) -> None:
        """Forget what has come in."""
        while select.select([self._socket], [], [], 0)[0]:
            self._socket.recv(4096)

    def first(self, symbol: str, since_ns: int = 0) -> int:
        """Return the time of a symbol's first stamp, ns since the epoch.

        Args:
            symbol: Of the bot that stamps.
            since_ns: What a stamp for an order rests on must not be older than this.
        """
        self._socket.settimeout(EVENT_SECONDS)
        while True:
            stamped, at_ns, *posted_ns = json.loads(self._socket.recv(4096))
            if stamped == symbol and min(posted_ns, default=at_ns) >= since_ns:
                return int(at_ns)


def _config(stamps: str) -> dict[str, Any]:
    return {
        "project": "recovery",
        "factory": "SandboxFactory",
        "venue": {"feed": "synthetic", "seed": 1},
        # what is measured is the restart, not the wait before it
        "restart": {"limit": "100000 in 60s", "backoff": "0..1ms"},
        "bots": [
            {
                "name": "stamp",
                "bot": "benchmarks.bots:StampBot",
                "symbols": SYMBOLS,
                "stamps": stamps,
            },
            {
                "name": "order",
                "bot": "benchmarks.bots:OrderBot",
                "symbols": [TRADED],
                "stamps": stamps,
            },
        ],
    }


def _hit(system: System, name: str, number: signal.Signals, stamps: Stamps) -> dict[str, float]:
    system.until(lambda: system.status().get("state") == "running")
    select.select([], [], [], random.uniform(0.1, 1.0))  # any phase of any loop
    before = system.worker(name)
    stamps.drain()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    market = context.socket(zmq.SUB)
    market.reconnect_ivl = 2
    market.reconnect_ivl_max = 20
    market.connect(f"ipc://{system.run_dir / 'market'}")
    market.subscribe(b"book.")
    market.recv_multipart()
    kill_ns = time.time_ns()
    os.kill(before["pid"], number)
    event_ns = 0
    if name == "stream":
        event_ns = _first_of_new_life(market, before["incarnation"])
    elif name == BOT:
        event_ns = stamps.first(SYMBOLS[0])
    system.until(lambda: _is_replaced(system, before))
    context.destroy(linger=0)
    found = {"first event": (event_ns - kill_ns) / 1e6} if event_ns else {}
    if name == "exchange":
        found["first order"] = (stamps.first(TRADED, kill_ns) - kill_ns) / 1e6
    for event in system.events():
        if event["worker"] == name and event["at_ns"] > kill_ns and event["event"] in STEPS:
            found.setdefault(event["event"], (event["at_ns"] - kill_ns) / 1e6)
    return found


def _is_replaced(system: System, before: dict[str, Any]) -> bool:
    status = system.status()
    [now] = [one for one in status["workers"] if one["name"] == before["name"]]
    return bool(now["pid"] != before["pid"] and status["state"] == "running")


def _first_of_new_life(market: "zmq.Socket[bytes]", incarnation: int) -> int:
    while market.poll(round(EVENT_SECONDS * 1000)):
        topic, payload = market.recv_multipart()
        header, _ = decode(topic, payload)
        if header.incarnation != incarnation:
            return time.time_ns()
    raise TimeoutError("the new stream worker published nothing")

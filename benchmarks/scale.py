"""1, 10, 50, 100 symbols: events/s, drops, delay venue -> handler, memory, the supervisor's CPU.

`python -m benchmarks scale [--seconds 20] [--symbols 1 10 50 100]`: one bot per symbol, 20 events/s
each.
"""

import argparse
import json
import os
import select
import socket
from typing import Any

import psutil

from benchmarks.soak_record import pss_mb
from benchmarks.system import System, running
from benchmarks.table import percentile, table
from lib.constants import NS_PER_SECOND
from lib.timer import LiveTimer
from lib.venue.symbols import catalogue

RATE = 28.0
"""Of all streams; 20 of them are those that the bots subscribe."""
MB = 1024 * 1024


def run(arguments: list[str]) -> int:
    """Measure each size, print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks scale", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="per size (default: 20)")
    parser.add_argument("--symbols", type=int, nargs="+", default=[1, 10, 50, 100])
    options = parser.parse_args(arguments)
    rows = [_measure(count, options.seconds) for count in options.symbols]
    header = [
        "symbols", "events/s", "dropped", "p50 ms", "p99 ms", "PSS bot MB", "PSS stream MB",
        "PSS exchange MB", "PSS venue MB", "supervisor CPU %", "all CPU %",
    ]  # fmt: skip
    print(table("scale (one bot per symbol, 20 events/s per symbol)", header, rows))
    return 0


def _measure(count: int, seconds: float) -> list[object]:
    path = f"/tmp/tv-delays-{os.getpid()}"  # noqa: S108 - short, and ours by pid
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as delays:
        delays.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * MB)
        delays.bind(path)
        try:
            with running(_config(traded_symbols(count), path)) as system:
                return [count, *_watch(system, delays, seconds)]
        finally:
            os.unlink(path)  # noqa: PTH108 - a socket


def traded_symbols(count: int) -> list[str]:
    """Return the first symbols that the venue's catalogue trades."""
    traded = [name for name, rules in catalogue().items() if rules.status == "TRADING"]
    return [name for name in traded if name.isascii()][:count]


def _config(symbols: list[str], path: str) -> dict[str, Any]:
    bot = {
        "name": "delay",
        "bot": "benchmarks.bots:LatencyBot",
        "symbols": symbols,
        "delays": path,
    }
    return {
        "project": "scale",
        "factory": "SandboxFactory",
        "venue": {"feed": "synthetic", "seed": 1, "rate": RATE},
        "bots": [bot],
    }


def _watch(system: System, delays: socket.socket, seconds: float) -> list[object]:
    select.select([], [], [], 3.0)  # the rush of the start is not what is measured
    while select.select([delays], [], [], 0)[0]:
        delays.recv(MB)
    before = system.status()
    cpu = _cpu(before)
    found: list[float] = []
    timer = LiveTimer()
    end_ns = timer.Monotonic() + round(seconds * NS_PER_SECOND)
    while (left_ns := end_ns - timer.Monotonic()) > 0:
        if select.select([delays], [], [], left_ns / NS_PER_SECOND)[0]:
            found += [ns / 1e6 for ns in json.loads(delays.recv(MB))]
    now = system.status()  # asked only now: answering costs the supervisor more than watching
    passed = now["uptime_s"] - before["uptime_s"]
    used = {pid: value - cpu.get(pid, 0.0) for pid, value in _cpu(now).items()}
    bots = [one for one in now["workers"] if one["kind"] == "bot"]
    handled = sum(one["events"] for one in bots) - sum(
        one["events"] for one in before["workers"] if one["kind"] == "bot"
    )
    pss = {one["kind"]: pss_mb(one["pid"]) for one in now["workers"]}
    return [
        handled / passed,
        sum(one["dropped"] for one in now["workers"]),
        percentile(found, 50),
        percentile(found, 99),
        max(pss_mb(one["pid"]) for one in bots),
        pss["stream"],
        pss["exchange"],
        pss["venue"],
        100 * used[now["pid"]] / passed,
        100 * sum(used.values()) / passed,
    ]


def _cpu(status: dict[str, Any]) -> dict[int, float]:
    pids = [status["pid"], *(one["pid"] for one in status["workers"])]
    times = {pid: psutil.Process(pid).cpu_times() for pid in pids}
    return {pid: one.user + one.system for pid, one in times.items()}

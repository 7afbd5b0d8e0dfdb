"""Twenty workers: start, all of them killed, memory, the status command, the supervisor's CPU.

`python -m benchmarks twenty [--rounds 5]`: venue, exchange, stream and 17 bots that do little; the
supervisor's share is taken at 200 beats/s, as many as of twenty workers at 10 Hz.
"""

import argparse
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

from benchmarks.scale import traded_symbols
from benchmarks.soak_record import pss_mb
from benchmarks.system import ROOT, System, running
from benchmarks.table import percentile, table

BOTS = 17
RATE = 10.0
SHORTEST_LIMIT = "500ms"
"""Of the heartbeat: workers beat four times in it, 25 of them as often as 20 at 10 Hz."""
SETTLE_SECONDS = 4.0
CPU_SECONDS = 15.0


def run(arguments: list[str]) -> int:
    """Measure, print a table beside the aims."""
    parser = argparse.ArgumentParser(prog="benchmarks twenty", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement (default: 5)")
    options = parser.parse_args(arguments)
    rounds = options.rounds
    starts = [_start() for _ in range(rounds)]
    with running(_config()) as system:
        select.select([], [], [], SETTLE_SECONDS)
        memory = _memory(system)
        status = [_timed(lambda: _status(system)) for _ in range(2 * rounds)]
        killed = [_kill_all(system) for _ in range(rounds)]
    with running(_config(SHORTEST_LIMIT, BOTS + 5)) as system:
        select.select([], [], [], SETTLE_SECONDS)
        share, own = _share(system)
    rows = [
        ["start -> 20 ready, ms", *_two(starts), "1500"],
        ["kill -9 of all 20 -> all beating, ms", *_two([one[0] for one in killed]), "500"],
        ["kill -9 of all 20 -> all ready, ms", *_two([one[1] for one in killed]), ""],
        ["PSS of the 20 workers, MB", memory, "", "120"],
        ["supervisor status --json, ms", *_two(status), "80"],
        ["supervisor at 200 beats/s, CPU %", share, "", "2.5"],
        ["supervisor's PSS, MB", own, "", "30"],
    ]
    print(table("twenty workers", ["", "p50", "max", "aim"], rows))
    return 0


def _config(heartbeat: str = "1s", bots: int = BOTS) -> dict[str, Any]:
    return {
        "project": "twenty",
        "factory": "SandboxFactory",
        "venue": {"feed": "synthetic", "seed": 1, "rate": RATE},
        "watchdog": {"heartbeat": heartbeat, "book": 0},
        "restart": {"limit": "100000 in 60s"},
        "bots": [
            {
                "name": "idle",
                "bot": "benchmarks.beating_bots:BeatingBot",
                "symbols": traded_symbols(bots),
                "beats": "/nowhere",
            }
        ],
    }


def _two(values: list[float]) -> tuple[float, float]:
    return percentile(values, 50), percentile(values, 100)


def _timed(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return (time.monotonic() - began) * 1e3


def _start() -> float:
    began_ns = time.time_ns()
    with running(_config()) as system:
        ready: list[int] = [one["at_ns"] for one in system.events() if one["event"] == "ready"]
        return (max(ready) - began_ns) / 1e6


def _memory(system: System) -> float:
    return sum(pss_mb(one["pid"]) for one in system.status()["workers"])


def _status(system: System) -> None:
    command = [sys.executable, "-m", "supervisor", "status", "--json"]
    subprocess.run(
        command, env=system.environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=False
    )


def _kill_all(system: System) -> tuple[float, float]:
    workers = system.until(lambda: _whole(system))
    names = {one["name"] for one in workers}
    killed_ns = time.time_ns()
    for one in workers:
        os.kill(one["pid"], signal.SIGKILL)
    said: dict[str, dict[str, int]] = {}

    def back() -> bool:
        for one in system.events():
            if one["at_ns"] > killed_ns:
                said.setdefault(one["event"], {})[one["worker"]] = one["at_ns"]
        return said.get("ready", {}).keys() >= names and said["first beat"].keys() >= names

    system.until(back)
    select.select([], [], [], SETTLE_SECONDS)
    beating, ready = (max(said[event].values()) for event in ("first beat", "ready"))
    return (beating - killed_ns) / 1e6, (ready - killed_ns) / 1e6


def _whole(system: System) -> list[dict[str, Any]]:
    status = system.status()
    workers: list[dict[str, Any]] = status.get("workers", [])
    return workers if status.get("state") == "running" else []


def _share(system: System) -> tuple[float, float]:
    process = psutil.Process(system.status()["pid"])
    before, began = process.cpu_times(), time.monotonic()
    select.select([], [], [], CPU_SECONDS)
    after, passed = process.cpu_times(), time.monotonic() - began
    used = after.user + after.system - before.user - before.system
    return 100 * used / passed, pss_mb(process.pid)

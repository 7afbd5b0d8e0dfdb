"""Ours beside supervisord, circus and pm2: kill -9, SIGSTOP, start of 20 children, idle cost.

`python -m benchmarks supervisors [--imports full] [--kills 8]`: the same child (a first beat once
its imports are done) under each supervisor, in one run. They are installed into ~/.cache/tickvisor
at the first run.
"""

import argparse
import contextlib
import os
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.scale import traded_symbols
from benchmarks.soak_record import pss_mb
from benchmarks.supervisor_peers import Circus, Job, Peer, Pm2, Supervisord
from benchmarks.system import System
from benchmarks.table import percentile, table
from lib.constants import NS_PER_SECOND
from lib.timer import LiveTimer

CHILDREN = 20
BEAT_SECONDS = 60.0
NEVER_SECONDS = 5.0
"""How long a silent child is watched under a supervisor that has no deadline for it."""
IDLE_SECONDS = 5.0
SETTLE_SECONDS = (1.1, 1.6)
"""Between two kills: some supervisors treat a child's first second apart."""


class Tickvisor(Peer):
    """Ours: the children are bots in a sandbox."""

    name = "tickvisor"
    hang_seconds = 0.6

    def __init__(self) -> None:
        """Run nothing."""
        self._system: System | None = None

    def install(self) -> str:
        """Find everything here."""
        return ""

    def start(self, job: Job) -> None:
        """Start a sandbox."""
        full = "benchmarks.beating_full_bots:FullBeatingBot"
        bot = {
            "name": "beat",
            "bot": full if job.imports == "full" else "benchmarks.beating_bots:BeatingBot",
            "symbols": traded_symbols(job.number),
            "beats": job.beats,
        }
        config = {
            "project": "peers",
            "factory": "SandboxFactory",
            "venue": {"feed": "synthetic", "seed": 1, "rate": 5},
            "watchdog": {"heartbeat": "0.6s", "book": 0},
            # none of the others waits before a restart
            "restart": {"limit": "100000 in 60s", "backoff": "0..1ms"},
            # what a live run imports ahead by itself; a sandbox has no database
            "preload": ["influxdb_client"] if job.imports == "full" else [],
            "bots": [bot],
        }
        self._system = System(job.folder, config)
        self._system.launch()

    def pids(self) -> list[int]:
        """Return the supervisor and the fork server."""
        if self._system is None:
            return []
        server = self._system.fork_server()
        return [self._system.status()["pid"], *([server] if server else [])]

    def stop(self) -> None:
        """Stop the sandbox."""
        if self._system is not None:
            self._system.stop()


class Beats:
    """Socket that the children beat to."""

    def __init__(self, path: Path) -> None:
        """Open it."""
        self.path = str(path)
        self._timer = LiveTimer()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def until(
        self, done: Callable[[set[int]], bool], seconds: float
    ) -> tuple[set[int], int] | None:
        """Return the pids that beat, and when `done` with them (ns); None when not in time."""
        seen: set[int] = set()
        end_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)
        while (left_ns := end_ns - self._timer.Monotonic()) > 0:
            if select.select([self._socket], [], [], left_ns / NS_PER_SECOND)[0]:
                seen.add(int(self._socket.recv(64)))
                now_ns = self._timer.Monotonic()
                if done(seen):
                    return seen, now_ns
        return None

    def settle(self, seconds: float) -> set[int]:
        """Let a time pass; return who has beaten in it."""
        seen: set[int] = set()

        def note(found: set[int]) -> bool:
            seen.update(found)
            return False

        self.until(note, seconds)
        return seen

    def now(self) -> int:
        """Return monotonic ns."""
        return self._timer.Monotonic()


def run(arguments: list[str]) -> int:
    """Measure each supervisor, print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks supervisors", description=__doc__)
    parser.add_argument("--imports", choices=["trivial", "full"], default="full")
    parser.add_argument("--kills", type=int, default=8, help="and as many stops (default: 8)")
    parser.add_argument("--only", nargs="+", default=[], help="names of supervisors")
    options = parser.parse_args(arguments)
    rows = []
    for made in (Tickvisor, Supervisord, Circus, Pm2):
        if options.only and made.name not in options.only:
            continue
        if problem := made().install():
            print(f"{made.name} left out: {problem}")
            continue
        one = _with(made, options.imports, 1, lambda peer, beats: _one(peer, beats, options.kills))
        many = _with(made, options.imports, CHILDREN, _many)
        rows.append([made.name, *one, *many])
        print(f"{made.name}: measured", file=sys.stderr)
    header = [
        "supervisor", "kill -9 p50 ms", "max ms", "SIGSTOP p50 ms", "max ms",
        f"{CHILDREN} beat ms", "idle CPU %", "its PSS MB", "children PSS MB",
    ]  # fmt: skip
    print(table(f"-> the replacement's first beat; child: {options.imports} imports", header, rows))
    return 0


def _with(
    made: Callable[[], Peer],
    imports: str,
    count: int,
    measure: Callable[[Peer, Beats], list[object]],
) -> list[object]:
    folder = Path(tempfile.mkdtemp(prefix="tvp-"))
    beats = Beats(folder / "beats")
    peer = made()
    try:
        began_ns = beats.now()
        peer.start(Job(folder, beats.path, imports, count))
        found = beats.until(lambda seen: len(seen) >= count, BEAT_SECONDS)
        if found is None and count == 1:
            raise TimeoutError(f"{peer.name}: its child does not beat; see {folder}")
        if found is None:
            return [f"> {BEAT_SECONDS * 1e3:,.0f}", "-", "-", "-"]
        started = [(found[1] - began_ns) / 1e6] if count > 1 else []
        result = [*started, *measure(peer, beats)]
    finally:
        peer.stop()
        beats.close()
    shutil.rmtree(folder, ignore_errors=True)
    return result


def _one(peer: Peer, beats: Beats, kills: int) -> list[object]:
    killed = [_hit(beats, signal.SIGKILL, BEAT_SECONDS) for _ in range(kills)]
    if peer.hang_seconds is None:
        never = _hit(beats, signal.SIGSTOP, NEVER_SECONDS)
        stopped: list[object] = ["never" if never is None else never, "-"]
    else:
        times = [_hit(beats, signal.SIGSTOP, BEAT_SECONDS) for _ in range(kills)]
        stopped = [*_summary(times)]
    return [*_summary(killed), *stopped]


def _hit(beats: Beats, number: int, seconds: float) -> float | None:
    [victim, *_] = beats.settle(random.uniform(*SETTLE_SECONDS))
    hit_ns = beats.now()
    os.kill(victim, number)
    found = beats.until(lambda seen: bool(seen - {victim}), seconds)
    if found is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGCONT)
        return None
    return (found[1] - hit_ns) / 1e6


def _summary(times: list[float | None]) -> list[object]:
    found = [time for time in times if time is not None]
    return [percentile(found, 50), percentile(found, 100)]


def _many(peer: Peer, beats: Beats) -> list[object]:
    children = beats.settle(2 * SETTLE_SECONDS[1])
    own = peer.pids()
    before = _cpu(own)
    began_ns = beats.now()
    beats.settle(IDLE_SECONDS)
    share = 100 * (_cpu(own) - before) / ((beats.now() - began_ns) / NS_PER_SECOND)
    return [share, sum(map(pss_mb, own)), sum(map(pss_mb, children))]


def _cpu(pids: list[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)

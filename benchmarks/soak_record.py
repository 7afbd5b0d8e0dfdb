"""What a soak writes down: gaps in the bots' data; memory and descriptors of every process."""

import contextlib
import os
import select
import socket
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND
from lib.timer import LiveTimer

KB_PER_MB = 1024
WARM_SHARE = 1 / 3
"""A life's first part fills its caches: it says nothing about the slope."""
LEAST_SAMPLES = 5


class Pulses:
    """Takes the lines of `benchmarks.bots.PulseBot`.

    Args:
        path: Of the socket; short.
    """

    def __init__(self, path: str) -> None:
        """Open the socket."""
        self.path = path
        self._timer = LiveTimer()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.settimeout(0)
        self._last: dict[str, int] = {}
        self._round: dict[str, int] = defaultdict(int)
        self.longest: dict[str, int] = defaultdict(int)
        """Symbol -> longest gap of the whole run, ns."""

    def close(self) -> None:
        """Close and remove the socket."""
        self._socket.close()
        os.unlink(self.path)  # noqa: PTH108 - a socket

    def take(self, seconds: float) -> None:
        """Take in lines for a time."""
        end_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)
        while (left_ns := end_ns - self._timer.Monotonic()) > 0:
            if select.select([self._socket], [], [], left_ns / NS_PER_SECOND)[0]:
                self._take_all()

    def _take_all(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                symbol, first, last, longest = self._socket.recv(256).decode().split()
                before_ns = self._last.get(symbol, int(first))
                gap_ns = max(int(first) - before_ns, int(longest))
                self._round[symbol] = max(self._round[symbol], gap_ns)
                self.longest[symbol] = max(self.longest[symbol], gap_ns)
                self._last[symbol] = int(last)

    def end_round(self) -> dict[str, float]:
        """Return symbol -> longest gap since the last call, in seconds, what lasts included."""
        now_ns = self._timer.Timestamp()
        for symbol, last_ns in self._last.items():
            self._round[symbol] = max(self._round[symbol], now_ns - last_ns)
        gaps, self._round = self._round, defaultdict(int)
        return {symbol: gap_ns / NS_PER_SECOND for symbol, gap_ns in gaps.items()}


class Sample(NamedTuple):
    """One look at a process: seconds of the run, its private memory, its open descriptors."""

    at: float
    private_kb: float
    descriptors: int


class Growth(NamedTuple):
    """What became of a process in its longest life."""

    seconds: float
    kb_per_minute: float | None
    highest_mb: float
    descriptors: tuple[int, int]


class Memories:
    """Memory and descriptors of every life of every process."""

    def __init__(self) -> None:
        """Have seen nobody."""
        self._samples: dict[tuple[str, int], list[Sample]] = defaultdict(list)

    def look(self, status: dict[str, Any], server: int | None) -> None:
        """Sample the supervisor, the fork server and all workers."""
        at = status["uptime_s"]
        pids = {"supervisor": status["pid"], "fork server": server}
        pids |= {one["name"]: one["pid"] for one in status["workers"]}
        for name, pid in pids.items():
            if pid:
                with contextlib.suppress(OSError):  # it ended just now
                    found = Sample(at, private_kb(pid), descriptors(pid))
                    self._samples[name, pid].append(found)

    def growths(self) -> dict[str, Growth]:
        """Return name -> growth of its longest life."""
        longest: dict[str, list[Sample]] = {}
        for (name, _), samples in self._samples.items():
            if name not in longest or _length(samples) > _length(longest[name]):
                longest[name] = samples
        return {name: _growth(samples) for name, samples in longest.items()}


def private_kb(pid: int) -> float:
    """Return the memory that is a process's own, kB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("Private_"))


def pss_mb(pid: int) -> float:
    """Return a process's share of the memory that it uses, MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / KB_PER_MB


def descriptors(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _length(samples: list[Sample]) -> float:
    return samples[-1].at - samples[0].at


def _growth(samples: list[Sample]) -> Growth:
    warm = [one for one in samples if one.at - samples[0].at >= _length(samples) * WARM_SHARE]
    slope = _slope(warm) * 60 if len(warm) >= LEAST_SAMPLES else None
    counts = [one.descriptors for one in warm or samples]
    highest = max(one.private_kb for one in samples) / KB_PER_MB
    return Growth(_length(samples), slope, highest, (min(counts), max(counts)))


def _slope(samples: list[Sample]) -> float:
    # least squares: kB per second
    at = sum(one.at for one in samples) / len(samples)
    kb = sum(one.private_kb for one in samples) / len(samples)
    over = sum((one.at - at) * (one.private_kb - kb) for one in samples)
    return over / (sum((one.at - at) ** 2 for one in samples) or 1.0)

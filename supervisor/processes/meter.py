"""What processes use, read from /proc: memory, CPU, descriptors."""

import os
import resource
from collections.abc import Collection
from pathlib import Path

from lib.constants import NS_PER_SECOND
from supervisor.judges.sickness import Used

PROC = Path("/proc")
PAGE = resource.getpagesize()
TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_NS = NS_PER_SECOND // 2
"""Shortest time over which a CPU share is computed; asked sooner, the last answer is given."""
COUNT_NS = 5 * NS_PER_SECOND
"""Time between two counts of descriptors: they leak slowly, and counting costs most."""
UTIME = 11
"""Fields of /proc/PID/stat after the command's name, counted from 0."""


class Sample:
    """The newest reading of one process."""

    __slots__ = ("at_ns", "counted_ns", "ticks", "used")

    def __init__(self, at_ns: int, ticks: int, used: Used) -> None:
        """Remember when it was read, and the CPU time until then."""
        self.at_ns = at_ns
        self.counted_ns = at_ns
        self.ticks = ticks
        self.used = used


class Meter:
    """Reads processes, each at most twice a second."""

    def __init__(self) -> None:
        """Know no process."""
        self._samples: dict[int, Sample] = {}

    def of(self, pid: int, now_ns: int) -> Used:
        """Return what a process uses; nothing when it is gone."""
        sample = self._samples.get(pid)
        if sample is not None and now_ns - sample.at_ns < SAMPLE_NS:
            return sample.used
        try:
            memory, ticks = _memory(pid), _ticks(pid)
            if sample is None:
                used = Used(memory, 0.0, *_descriptors(pid))
                self._samples[pid] = Sample(now_ns, ticks, used)
                return used
            seconds = (now_ns - sample.at_ns) / NS_PER_SECOND
            share = (ticks - sample.ticks) / TICKS / seconds
            used = sample.used._replace(memory=memory, cpu=share)
            if now_ns - sample.counted_ns >= COUNT_NS:
                sample.counted_ns = now_ns
                count, allowed = _descriptors(pid)
                used = used._replace(descriptors=count, allowed=allowed)
        except (OSError, ValueError, IndexError):
            self._samples.pop(pid, None)
            return Used(0, 0.0)
        sample.at_ns, sample.ticks, sample.used = now_ns, ticks, used
        return used

    def keep(self, pids: Collection[int]) -> None:
        """Forget all but these processes."""
        for pid in [pid for pid in self._samples if pid not in pids]:
            del self._samples[pid]


def _memory(pid: int) -> int:
    return int((PROC / str(pid) / "statm").read_bytes().split()[1]) * PAGE


def _ticks(pid: int) -> int:
    # the command's name may hold blanks and brackets: only what follows the last one counts
    fields = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[UTIME]) + int(fields[UTIME + 1])


def _descriptors(pid: int) -> tuple[int, int]:
    count = len(os.listdir(f"{PROC}/{pid}/fd"))  # noqa: PTH208 - six times as quick
    return count, resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]

"""Whether a worker works, but badly (pure): errors, memory, CPU, descriptors."""

from collections import deque
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND
from supervisor.judges.illness import Finding, Illness

CPU_NS = 30 * NS_PER_SECOND
"""A CPU limit must be passed for so long."""
MEGABYTE = 1_000_000
COARSE = 30
"""Parts of the window in which errors are counted."""


class Limits(NamedTuple):
    """What one worker may use, and how it is placed; 0 or None = as the system has it.

    Args:
        memory: Resident bytes after which it is renewed when that can be done well.
        memory_max: Resident bytes at which it is killed.
        descriptors: Open files and sockets after which it is renewed.
        cpu: Share of one core, over 30 s, after which it is renewed.
        nice: Added to its niceness at birth.
        cpus: Cores that it may run on; empty = all.
    """

    memory: int = 0
    memory_max: int = 0
    descriptors: int = 0
    cpu: float = 0.0
    nice: int = 0
    cpus: tuple[int, ...] = ()

    def given(self) -> dict[str, Any]:
        """Return those that are set, by name."""
        return {name: value for name, value in self._asdict().items() if value}


class Used(NamedTuple):
    """What one process uses.

    Args:
        memory: Resident bytes.
        cpu: Share of one core since the last look.
        descriptors: Open descriptors; 0 = not counted this time.
        allowed: Descriptors that the system allows it; 0 = not known.
    """

    memory: int
    cpu: float
    descriptors: int = 0
    allowed: int = 0


class Sickness:
    """Watches one worker.

    Args:
        limits: Its limits.
        errors: Errors within `window` that are too many; 0 = not watched.
        window: Seconds.
    """

    def __init__(self, limits: Limits, errors: int, window: float) -> None:
        """Start well."""
        self.limits = limits
        self._errors = errors
        self._window = window
        self.born()

    def born(self) -> None:
        """Start with a new life."""
        self._counted: deque[tuple[int, int]] = deque()
        self._busy_ns: int | None = None
        self._by_errors = ""
        self._by_use = ""
        self._is_hard = False

    def beat(self, errors: int, now_ns: int) -> None:
        """Take the number of errors of this life from a heartbeat."""
        if not self._errors:
            return
        window_ns = round(self._window * NS_PER_SECOND)
        counted = self._counted
        if not counted or now_ns - counted[-1][0] >= window_ns // COARSE:
            counted.append((now_ns, errors))
        while len(counted) > 1 and counted[1][0] <= now_ns - window_ns:
            counted.popleft()
        new = errors - counted[0][1]
        self._by_errors = ""
        if new > self._errors:
            self._by_errors = f"{new} errors in {self._window:g} s, limit {self._errors}"

    def use(self, used: Used, now_ns: int) -> None:
        """Take what the process uses."""
        limits = self.limits
        self._is_hard = bool(limits.memory_max) and used.memory >= limits.memory_max
        self._by_use = (
            _memory(used.memory, limits.memory_max if self._is_hard else limits.memory)
            or self._descriptors(used)
            or self._cpu(used.cpu, now_ns)
        )

    def finding(self) -> Finding | None:
        """Return that the worker is sick, with evidence; None while it is not."""
        evidence = self._by_use or self._by_errors
        return Finding(Illness.SICK, evidence, self._is_hard) if evidence else None

    def _descriptors(self, used: Used) -> str:
        limit = self.limits.descriptors or used.allowed * 9 // 10
        if not limit or used.descriptors <= limit:
            return ""
        return f"{used.descriptors} open descriptors, limit {limit}"

    def _cpu(self, share: float, now_ns: int) -> str:
        limit = self.limits.cpu
        if not limit or share <= limit:
            self._busy_ns = None
            return ""
        if self._busy_ns is None:
            self._busy_ns = now_ns
        if now_ns - self._busy_ns < CPU_NS:
            return ""
        return f"{share:.0%} of a core for {CPU_NS // NS_PER_SECOND} s, limit {limit:.0%}"


def _memory(used: int, limit: int) -> str:
    if not limit or used < limit:
        return ""
    return f"{used / MEGABYTE:.0f} MB of memory, limit {limit / MEGABYTE:.0f} MB"

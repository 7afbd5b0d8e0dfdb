"""What a dead run has left behind: its workers, and what they had started.

Workers are known by pid and start time, what they started by the run's nonce, which every process
of a run carries in its environment: never by a pid alone, which may be a stranger's by now.
"""

import contextlib
import os
import secrets
import signal
from pathlib import Path

import psutil

from lib.constants import NS_PER_SECOND
from lib.lives import read_lives
from lib.timer import AbstractTimer
from supervisor.processes.child import Child

NONCE = "nonce"
"""File in the run's folder."""
VARIABLE = "TICKVISOR_NONCE"
"""Environment variable of every process of a run."""
SECONDS = 4.0
"""Workers of a dead supervisor clean up and are gone within 3 s; then they are ended."""
KILL_SECONDS = 1.0


def new_nonce(folder: Path) -> str:
    """Make up a run's nonce, write it into the run's folder and return it."""
    nonce = secrets.token_hex(16)
    (folder / NONCE).write_text(nonce)
    return nonce


def end_leftovers(folder: Path, timer: AbstractTimer, seconds: float = SECONDS) -> list[str]:
    """Wait for the workers of a former run to clean up; end those that do not, and their children.

    Returns:
        Names of those that had to be ended.
    """
    deadline_ns = timer.Monotonic() + round(seconds * NS_PER_SECOND)
    ended = []
    for left in read_lives(folder):
        with contextlib.suppress(OSError):
            if _end(left.pid, (deadline_ns - timer.Monotonic()) / NS_PER_SECOND):
                ended.append(left.name)
    for pid, name in _bearers(folder):
        with contextlib.suppress(OSError):
            if _end(pid, 0):
                ended.append(name)
    return ended


def _end(pid: int, seconds: float) -> bool:
    """Give a process some time, then kill it; return whether it had to be."""
    child = Child.of(pid)
    try:
        if child.wait(seconds):
            return False
        child.send(signal.SIGKILL)
        child.wait(KILL_SECONDS)
        return True
    finally:
        child.close()


def _bearers(folder: Path) -> list[tuple[int, str]]:
    """Return (pid, name) of the processes that carry the former run's nonce, but for our own."""
    try:
        mark = f"{VARIABLE}={(folder / NONCE).read_text().strip()}".encode()
    except OSError:
        return []
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) not in ours:
            with contextlib.suppress(OSError):  # another user's, or gone
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((int(entry.name), (entry / "comm").read_text().strip()))
    return found

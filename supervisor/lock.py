"""One config runs once: the run's lock, and its number."""

import fcntl
import os
import shutil
from pathlib import Path

from lib.constants import NS_PER_SECOND
from lib.errors import AlreadyRunning
from lib.folders import LOCK
from lib.timer import AbstractTimer

EPOCH = "epoch"
BIRTHDAY = 1_760_000_000
"""Seconds since the epoch, before the first Tickvisor: keeps first numbers small."""
TAKE_SECONDS = 0.2
"""How long the lock is tried: a command that asks who holds it has it for microseconds."""


class RunLock:
    """The lock of one run's folder, held until `release`.

    Args:
        folder: The run's folder.
        timer: The process's timer.
    """

    def __init__(self, folder: Path, timer: AbstractTimer) -> None:
        """Hold nothing yet."""
        self._path = folder / LOCK
        self._timer = timer
        self._fd = -1

    def take(self) -> None:
        """Take the lock and write our pid into it.

        Raises:
            AlreadyRunning: A living process holds it.
        """
        deadline_ns = self._timer.Monotonic() + round(TAKE_SECONDS * NS_PER_SECOND)
        while not self._try():
            if self._timer.Monotonic() > deadline_ns:
                pid = self._path.read_text().strip() or "unknown"
                raise AlreadyRunning(
                    f"project {self._path.parent.name} is already running with pid {pid}"
                )
            self._timer.Sleep(TAKE_SECONDS / 20)

    def release(self) -> None:
        """Remove the lock's file and let go."""
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    def _try(self) -> bool:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_ino != self._path.stat().st_ino:
                raise FileNotFoundError  # its former holder removed it in between
        except (BlockingIOError, FileNotFoundError):
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd
        return True


def next_epoch(state_dir: Path, now_ns: int) -> int:
    """Count this run: return its number, on disk before anything runs under it.

    Args:
        state_dir: The project's state folder.
        now_ns: Time of day, ns since the epoch.

    Raises:
        OSError: The state folder cannot be written.
    """
    path = state_dir / EPOCH
    try:
        epoch = int(path.read_text()) + 1
    except (FileNotFoundError, ValueError):
        # a lost file must not bring old numbers back: seconds grow faster than runs
        epoch = max(1, now_ns // NS_PER_SECOND - BIRTHDAY)
    temporary = path.with_suffix(".new")
    with temporary.open("w") as file:
        file.write(f"{epoch}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(state_dir, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return epoch


def clear(folder: Path) -> None:
    """Remove what a run has left in its folder, but not the lock."""
    for entry in folder.iterdir():
        if entry.name == LOCK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)

"""One process per journal and per account, kept by the kernel until that process is gone."""

import errno
import fcntl
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

JOURNAL_LOCK = "journal.lock"
ACCOUNTS = ".accounts"
"""Folder beside all projects' state folders; no project can have this name."""


class Lock:
    """An exclusive lock on a file; not inherited by children that are executed.

    Args:
        path: The file; made when it is not there.
        project: Name of the run that takes it, for those who come too late.
    """

    def __init__(self, path: Path, project: str = "") -> None:
        """Take the lock.

        Raises:
            OSError: Somebody else holds it (EAGAIN), or the file cannot be made.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(self._fd, 0)
            os.write(self._fd, f"{os.getpid()} {project}\n".encode())
        except BlockingIOError:
            who = _written(self._fd)
            os.close(self._fd)
            raise BlockingIOError(errno.EAGAIN, f"{path} is held by {who}") from None
        except BaseException:
            os.close(self._fd)
            raise

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._fd)


class Holder(NamedTuple):
    """Who holds a lock."""

    pid: str
    project: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"process {self.pid}" + (f" (project {self.project})" if self.project else "")


def holder_of(path: Path) -> Holder | None:
    """Return who holds a lock, None when nobody does."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written(fd)
    finally:
        os.close(fd)
    return None


def account_lock(state_dir: Path, rest_url: str, key: str) -> Path:
    """Return the path of the lock of one account: named by a hash, which gives no key away."""
    name = hashlib.sha256(f"{rest_url}\0{key}".encode()).hexdigest()[:32]
    return state_dir.parent / ACCOUNTS / f"{name}.lock"


def _written(fd: int) -> Holder:
    pid, _, project = os.pread(fd, 200, 0).decode("utf-8", "replace").strip().partition(" ")
    return Holder(pid or "?", project)

"""One process per journal and per account, kept by the kernel until that process is gone."""

import errno
import fcntl
import hashlib
import os
import socket
from pathlib import Path
from typing import NamedTuple

JOURNAL_LOCK = "journal.lock"
ACCOUNTS = ".accounts"
"""Folder beside all projects' state folders; no project can have this name."""
ELSEWHERE = "another run of this machine, with other folders"


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


class HostLock:
    """A name that one process of the machine holds, whosever it is and wherever its folders are.

    The name of an abstract Unix socket, which ends with its holder; containers with a network of
    their own have names of their own.

    Args:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        """Take the name.

        Raises:
            OSError: Somebody else has it (EAGAIN).
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(_abstract(name))
        except OSError as error:
            self._socket.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise BlockingIOError(errno.EAGAIN, f"{name} is held by {ELSEWHERE}") from None

    @staticmethod
    def is_held(name: str) -> bool:
        """Return whether somebody has the name; does not take it, not even for a moment."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            return probe.connect_ex(_abstract(name)) == 0

    def release(self) -> None:
        """Give the name back."""
        self._socket.close()


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
    """Return the path of the lock of one account, which knows its holder by name."""
    return state_dir.parent / ACCOUNTS / f"{account_name(rest_url, key)}.lock"


def account_name(rest_url: str, key: str) -> str:
    """Return the name of one account: a hash, which gives no key away."""
    return hashlib.sha256(f"{rest_url}\0{key}".encode()).hexdigest()[:32]


def _abstract(name: str) -> str:
    return f"\0tickvisor-{name}"


def _written(fd: int) -> Holder:
    pid, _, project = os.pread(fd, 200, 0).decode("utf-8", "replace").strip().partition(" ")
    return Holder(pid or "?", project)

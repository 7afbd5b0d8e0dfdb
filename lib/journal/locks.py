"""One process per journal and per account, kept by the kernel until that process is gone."""

import errno
import fcntl
import hashlib
import os
from pathlib import Path

JOURNAL_LOCK = "journal.lock"
ACCOUNTS = ".accounts"
"""Folder beside all projects' state folders; no project can have this name."""


class Lock:
    """An exclusive lock on a file; not inherited by children that are executed.

    Args:
        path: The file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            OSError: Somebody else holds it (EAGAIN), or the file cannot be made.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(self._fd, 0)
            os.write(self._fd, f"{os.getpid()}\n".encode())
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise BlockingIOError(
                errno.EAGAIN, f"{path} is held by process {holder or '?'}"
            ) from None
        except BaseException:
            os.close(self._fd)
            raise

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._fd)


def account_lock(state_dir: Path, rest_url: str, key: str) -> Path:
    """Return the path of the lock of one account: named by a hash, which gives no key away."""
    name = hashlib.sha256(f"{rest_url}\0{key}".encode()).hexdigest()[:32]
    return state_dir.parent / ACCOUNTS / f"{name}.lock"

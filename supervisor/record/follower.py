"""The end of a growing file, and what is added to it, through its rotations."""

import os
from pathlib import Path

from supervisor.record.rotation import older, rotated


class Follower:
    """Reads whole lines of one file, each once.

    Args:
        path: The file; it need not be there yet.
        most: Bytes read at first, older files included; None = all there is.
    """

    def __init__(self, path: Path, most: int | None = None) -> None:
        """Have read nothing."""
        self.path = path
        self._most = most
        self._inode = 0
        self._offset = 0
        self._rest = b""

    def read(self) -> list[str]:
        """Return the whole lines that came since the last call; at first the end of the file."""
        try:
            with self.path.open("rb") as file:
                return self._take(file.fileno())
        except OSError:
            return []

    def _take(self, fd: int) -> list[str]:
        status = os.fstat(fd)
        text = self._rest
        if not self._inode:
            text = self._past(status.st_size)
        elif status.st_ino != self._inode or status.st_size < self._offset:
            # renamed or emptied: what was added before that is now in the file beside it
            text += _read(older(self.path, 1), self._offset)
            self._offset = 0
        self._inode = status.st_ino
        new = os.pread(fd, max(0, status.st_size - self._offset), self._offset)
        self._offset += len(new)
        *whole, self._rest = (text + new).split(b"\n")
        return [line.decode("utf-8", "replace") for line in whole]

    def _past(self, size: int) -> bytes:
        """Return the end of the older files; begin in the file where there is room for no more."""
        if self._most is not None and size > self._most:
            self._offset = size - self._most
            return b""
        room = None if self._most is None else self._most - size
        found: list[bytes] = []
        for path in reversed(rotated(self.path)[:-1]):
            if room is not None and room <= 0:
                break
            text = _read(path, 0)
            text = text if room is None else text[-room:]
            room = None if room is None else room - len(text)
            found.insert(0, text)
        return b"".join(found)


def _read(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            return os.pread(file.fileno(), max(0, path.stat().st_size - offset), offset)
    except OSError:
        return b""

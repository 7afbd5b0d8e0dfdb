"""The file of all that has happened in a project's runs: one JSON object a line, only added to."""

import os
from collections.abc import Iterator
from pathlib import Path

from lib.folders import LOGS, state_dir
from supervisor.record.bounds import Bounds
from supervisor.record.events import Event, decode, encode
from supervisor.record.follower import Follower
from supervisor.record.rotation import rename

NAME = "events.jsonl"
NEWEST_BYTES = 64_000
"""What is read to find the newest event."""


def events_path(project: str) -> Path:
    """Return a project's event log; it outlives its runs.

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    return state_dir(project) / LOGS / NAME


class EventLog:
    """Writes the file; never raises and never waits for more than one write.

    Args:
        path: The file.
        bounds: How much is kept.
    """

    def __init__(self, path: Path, bounds: Bounds) -> None:
        """Write nothing yet."""
        self._path = path
        self._bounds = bounds
        self._fd = -1
        self._size = 0
        self._is_torn = False
        self.lost = 0
        """Events in a row that could not be written."""

    def add(self, event: Event) -> bool:
        """Write one event; return whether it is in the file."""
        line = f"{encode(event)}\n".encode()
        try:
            self._make_ready(len(line))
            # a torn line (killed while writing, disk full) must not spoil the next one
            text = b"\n" + line if self._is_torn else line
            written = os.write(self._fd, text)
        except OSError:
            self.lost += 1
            return False
        self._size += written
        self._is_torn = written < len(text)
        self.lost = self.lost + 1 if self._is_torn else 0
        return not self._is_torn

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _make_ready(self, more: int) -> None:
        if self._fd >= 0 and self._size + more > self._bounds.size:
            self.close()
            rename(self._path, self._bounds.keep)
        if self._fd < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._fd = os.open(self._path, flags, 0o600)
            self._size = os.fstat(self._fd).st_size
            last = os.pread(self._fd, 1, self._size - 1) if self._size else b"\n"
            self._is_torn = last != b"\n"


class EventTail:
    """Reads the file, then what is added to it.

    Args:
        path: The file.
        most: Bytes read at first; None = all there is, older files included.
    """

    def __init__(self, path: Path, most: int | None = None) -> None:
        """Have read nothing."""
        self._follower = Follower(path, most)

    def read(self) -> Iterator[Event]:
        """Yield the events that came since the last call; torn lines are passed over."""
        for line in self._follower.read():
            event = decode(line)
            if event is not None:
                yield event


def newest_event(path: Path) -> Event | None:
    """Return the last event of a file, None when there is none."""
    return max(EventTail(path, NEWEST_BYTES).read(), key=lambda event: event.at_ns, default=None)

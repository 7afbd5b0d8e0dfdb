"""Log files of a run: found, read from their ends, followed through rotation."""

import re
from collections.abc import Iterator
from pathlib import Path

from supervisor.record.follower import Follower
from supervisor.record.log_lines import Line, read_lines

SUFFIX = ".log"
BOT = re.compile(r"bot_(.+?)_([^_]+(?:_\d{6})?)")
"""A symbol has no `_` but before its date of delivery."""
TAIL_BYTES = 4_000_000
"""What is read of one file: enough for any screen, little enough for any memory."""


class Tail:
    """The end of one log file, and what is added to it.

    Args:
        path: The file.
        from_start: Read it from its first byte (a file that appeared while we follow).
    """

    def __init__(self, path: Path, *, from_start: bool = False) -> None:
        """Read nothing yet."""
        self.worker = worker_of(path)
        self._follower = Follower(path, None if from_start else TAIL_BYTES)
        self._at_ns = 0

    def read(self) -> list[Line]:
        """Return the whole lines that came since the last call; the end of the file at first."""
        found = read_lines(self.worker, self._follower.read(), self._at_ns)
        if found:
            self._at_ns = found[-1].at_ns
        return found


class Tails:
    """All log files of a folder, new ones included.

    Args:
        folder: The folder of logs.
        worker: One worker only; empty = all.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        """Know the files that are there."""
        self._folder = folder
        self._wanted = file_name(worker) if worker else ""
        self._tails = {path: Tail(path) for path in self._paths()}

    def read(self) -> list[Line]:
        """Return what was added since the last call, in order of time."""
        for path in self._paths():
            if path not in self._tails:
                self._tails[path] = Tail(path, from_start=True)
        found = [line for tail in self._tails.values() for line in tail.read()]
        return sorted(found, key=lambda line: line.at_ns)

    @property
    def workers(self) -> list[str]:
        """Whose logs there are."""
        return sorted(tail.worker for tail in self._tails.values())

    def _paths(self) -> Iterator[Path]:
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if not self._wanted or path.name == self._wanted:
                yield path


def file_name(worker: str) -> str:
    """Return the name of a worker's log file."""
    return worker.replace(":", "_") + SUFFIX


def worker_of(path: Path) -> str:
    """Return whose log a file is, as `status` names it: `bot:quoter:BTCUSDT`, `stream`."""
    name = path.name.removesuffix(SUFFIX)
    bot = BOT.fullmatch(name)
    return f"bot:{bot[1]}:{bot[2]}" if bot else name

"""The file that says who of a run lives, kept up to date once per turn of the loop."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import psutil

from lib.lives import Life, started_at, write_lives
from supervisor.crew.worker import Worker
from supervisor.record.history import History


class Roll:
    """Writes `lib.lives`' file: late enough to cost a restart nothing.

    Args:
        folder: The run's folder.
        history: Where it is noted that the file cannot be written.
    """

    def __init__(self, folder: Path, history: History) -> None:
        """Have written nothing."""
        self.is_old = False
        """Whether somebody was born or ended since it was written."""
        self._folder = folder
        self._history = history
        self._lives: dict[int, Life] = {}

    def write(self, workers: Iterable[Worker]) -> None:
        """Write who of the workers lives."""
        self.is_old = False
        try:
            self._lives = self._look(workers)
            write_lives(self._folder, list(self._lives.values()))
        except OSError as error:  # no descriptors left, a full disk
            self._history.add("supervisor", "lives not recorded", str(error))

    def _look(self, workers: Iterable[Worker]) -> dict[int, Life]:
        found = {}
        for one in workers:
            if one.child is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    life = self._lives.get(one.incarnation)
                    pid = one.child.pid
                    found[one.incarnation] = life or Life(pid, started_at(pid), one.name)
        return found

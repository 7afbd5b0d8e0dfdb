"""Keeps the logs of a run within bounds, whoever writes them and however fast."""

import os
from pathlib import Path

from lib.constants import NS_PER_SECOND
from supervisor.record.bounds import Bounds
from supervisor.record.log_files import SUFFIX
from supervisor.record.rotation import copy_out

PERIOD_NS = NS_PER_SECOND // 4
"""Time between two looks at the sizes: what a flood may write beyond its limit."""


class LogKeeper:
    """Rotates the log files of one folder.

    Workers write into their files directly, with no pipe between that could fill up and hold them.

    Args:
        folder: The folder of logs.
        bounds: How much is kept of each.
    """

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        """Have looked at nothing."""
        self._folder = folder
        self._bounds = bounds
        self._due_ns = 0

    def tick(self, now_ns: int) -> None:
        """Rotate the largest file that is too large, if any: one at a time keeps the loop free."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + PERIOD_NS
        try:
            found = [
                (entry.stat().st_size, entry.path)
                for entry in os.scandir(self._folder)
                if entry.name.endswith(SUFFIX)
            ]
            size, path = max(found, default=(0, ""))
            if size > self._bounds.size:
                self._due_ns = now_ns
                copy_out(Path(path), *self._bounds)
        except OSError:
            # read-only or full: nothing can be rotated now, and the logs say nothing new
            self._due_ns = now_ns + PERIOD_NS

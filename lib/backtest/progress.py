"""A progress bar for runs that take a while; nothing for short ones or where nobody looks."""

import sys
from typing import Any, Self

from lib.constants import NS_PER_SECOND
from lib.timer import LiveTimer

PATIENCE_NS = 2 * NS_PER_SECOND
"""Runs that are over by then show nothing."""
FOREVER = 1 << 63
"""An end that nobody knows."""
PERIOD_NS = NS_PER_SECOND // 5


class Progress:
    """Shows how far a run is, with the time that is left, on stderr.

    Args:
        title: What runs.
        start: Where it starts.
        end: Where it will end.
        wanted: Whether the user wants to see it.
    """

    def __init__(self, title: str, start: int, end: int, *, wanted: bool = True) -> None:
        """Show nothing yet."""
        self._title = title
        self._start = start
        self._end = end if end < FOREVER else None
        self._wanted = wanted and sys.stderr.isatty()
        self._timer = LiveTimer()
        self._begun_ns = self._timer.Monotonic()
        self._due_ns = self._begun_ns + PATIENCE_NS
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def show(self, position: int) -> None:
        """Show a new position, not more often than one sees."""
        if not self._wanted:
            return
        now_ns = self._timer.Monotonic()
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + PERIOD_NS
        if self._bar is None:
            self._open()
        done = max(position - self._start, 0)
        total = 0 if self._end is None else self._end - self._start
        left = time_left(now_ns - self._begun_ns, done, total)
        self._bar.update(self._task, completed=done, left=left)

    def _open(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - heavy, and only long runs need it
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
        )
        total = None if self._end is None else max(self._end - self._start, 1)
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=total, left="")


def time_left(elapsed_ns: int, done: int, total: int) -> str:
    """Return how long the rest will take at the pace so far, "" where nobody can tell."""
    if not 0 < done <= total:
        return ""
    seconds = round(elapsed_ns / NS_PER_SECOND * (total - done) / done)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} left"

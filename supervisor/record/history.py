"""What happened: one line per event for people, one in the event log, one to the hooks."""

import select
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Any

from lib.constants import NS_PER_SECOND
from supervisor.processes.child import Child
from supervisor.record.event_log import EventLog
from supervisor.record.events import ALIVE, LINES, SUPERVISOR, Event, as_text, encode
from supervisor.record.hooks import Hooks
from supervisor.record.log_keeper import LogKeeper

PIECE = 1_000
"""Characters written to stdout at once: a pipe that takes any takes PIPE_BUF (4,096) bytes."""
ALIVE_NS = 5 * NS_PER_SECOND
"""Between two signs of life to the hooks; each passes on as many as its `every` allows."""


class History:
    """Keeps the record of a run.

    Args:
        clock: Returns ns since the epoch.
        epoch: The run's number.
        log: The supervisor's log file, written besides the terminal.
        quiet: Do not write to the terminal (a viewer draws there).
        as_json: One JSON object a line.
        events: The event log.
        hooks: Who is told, if anybody is.
        keeper: Keeps the logs within bounds.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        epoch: int,
        log: IO[str] | None,
        *,
        quiet: bool,
        as_json: bool,
        events: EventLog,
        hooks: Hooks | None = None,
        keeper: LogKeeper | None = None,
    ) -> None:
        """Have seen nothing."""
        self._clock = clock
        self._epoch = epoch
        self._log = log
        self._quiet = quiet
        self._as_text = encode if as_json else as_text
        self._events = events
        self._hooks = hooks
        self._keeper = keeper
        self._alive_due_ns = 0

    def add(self, worker: str, event: str, reason: str = "", **facts: Any) -> None:
        """Note one event of a worker (or of the `supervisor` itself)."""
        lost = self._events.lost
        is_kept = self._take(Event(self._clock(), self._epoch, worker, event, reason, facts))
        if is_kept and lost:
            self.add(SUPERVISOR, "events lost", "the event log could not be written", count=lost)
        elif not is_kept and not lost:
            self._write(f"supervisor: the event log cannot be written; noted here: {event}")

    def tick(self, now_ns: int) -> None:
        """Do what is due: logs within their bounds, hooks alive, their complaints noted."""
        if self._keeper is not None:
            self._keeper.tick(now_ns)
        if self._hooks is None:
            return
        for complaint in self._hooks.tick(now_ns):
            self.add(SUPERVISOR, "hook failed", complaint)
        if self._hooks.want_life and now_ns >= self._alive_due_ns:
            self._alive_due_ns = now_ns + ALIVE_NS
            self._hooks.add(Event(self._clock(), self._epoch, SUPERVISOR, ALIVE))

    def children(self) -> Iterator[Child]:
        """Yield the processes that work for it."""
        if self._hooks is not None and self._hooks.child is not None:
            yield self._hooks.child

    def reap(self, ready: set[int]) -> None:
        """Take the ends of its processes whose descriptors are `ready`."""
        if self._hooks is None or (code := self._hooks.reap(ready)) is None:
            return
        said = {LINES: lines} if (lines := self._hooks.last_words()) else {}
        self.add(SUPERVISOR, "hook failed", "the hooks' process ended", code=code, **said)

    def close(self) -> None:
        """Let the hooks be told what waits, and close the event log."""
        if self._hooks is not None:
            self._hooks.close()
        self._events.close()

    def _take(self, event: Event) -> bool:
        self._write(self._as_text(event))
        if self._hooks is not None:
            self._hooks.add(event)
        return self._events.add(event)

    def _write(self, line: str) -> None:
        # A full disk or a closed terminal must not stop the supervisor.
        with suppress(OSError):
            if self._log is not None:
                print(line, file=self._log, flush=True)
        with suppress(OSError):
            if not self._quiet and sys.stdout is not None:
                _show(line, sys.stdout)


def _show(line: str, out: IO[str]) -> None:
    """Write a line to stdout, unless whoever reads it there has stalled: the log has it, too."""
    text = f"{line}\n"
    for at in range(0, len(text), PIECE):
        if not _takes_more(out):
            return
        out.write(text[at : at + PIECE])
        out.flush()


def _takes_more(out: IO[str]) -> bool:
    try:
        number = out.fileno()
    except OSError:
        return True  # no file at all, but memory
    return bool(select.select([], [number], [], 0)[1])

"""What happened: one line per change, for the terminal and the supervisor's log."""

import json
import sys
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any

from lib.constants import NS_PER_SECOND

KEPT = 1000
"""Newest events kept in memory for `status`."""


class History:
    """Writes each event as a line of text, or of JSON.

    Args:
        clock: Returns ns since the epoch.
        log: The supervisor's log file, written besides the terminal.
        quiet: Do not write to the terminal (a viewer draws there).
        as_json: One JSON object a line.
    """

    def __init__(
        self, clock: Callable[[], int], log: IO[str] | None, *, quiet: bool, as_json: bool
    ) -> None:
        """Have seen nothing."""
        self._clock = clock
        self._log = log
        self._quiet = quiet
        self._as_json = as_json
        self.events: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def add(self, worker: str, event: str, reason: str = "", **facts: Any) -> None:
        """Note one event of a worker (or of the `supervisor` itself)."""
        at_ns = self._clock()
        entry = {"at_ns": at_ns, "worker": worker, "event": event, "reason": reason, **facts}
        self.events.append(entry)
        self._write(json.dumps(entry) if self._as_json else self._text(entry))

    def _text(self, entry: dict[str, Any]) -> str:
        at = datetime.fromtimestamp(entry["at_ns"] / NS_PER_SECOND, UTC)
        known = ("at_ns", "worker", "event", "reason")
        facts = " ".join(f"{key}={value}" for key, value in entry.items() if key not in known)
        reason = f": {entry['reason']}" if entry["reason"] else ""
        clock = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        return f"{clock}Z {entry['worker']:<22} {entry['event']}{reason}  {facts}".rstrip()

    def _write(self, line: str) -> None:
        # A full disk or a closed terminal must not stop the supervisor.
        for stream in (self._log, None if self._quiet else sys.stdout):
            if stream is not None:
                try:
                    print(line, file=stream, flush=True)
                except OSError:
                    continue

"""What waits for a database: memory first, then the disk, always in order.

Pure bookkeeping besides the spool's files; every method may be called from any thread.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from lib import spool_folder
from lib.spool import Spool


@dataclass(slots=True)
class Counters:
    """What became of the records, since the process started."""

    accepted: int = 0
    written: int = 0
    refused: int = 0
    """The database, or its encoding, will never take them."""
    dropped: int = 0
    """Memory and spool were full, or the disk refused."""


class Outbox:
    """Holds encoded records until they are delivered.

    The oldest are in memory, or (once something had to go there) all newer ones on disk, until
    the disk is empty again: so the order is kept.

    Args:
        spool: Where to put what memory does not hold; None when there is no disk to use.
        memory: Most records in memory.
    """

    def __init__(self, spool: Spool | None, memory: int) -> None:
        """Continue with what the spool still has."""
        self.counters = Counters()
        self._spool = spool
        self._memory = memory
        self._records: deque[str] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self.disk_error = ""
        """Why the disk refused last, "" when it works."""

    def put(self, records: list[str]) -> int:
        """Take records; return how many had to be dropped."""
        with self._lock:
            rest = records
            if not self._spooled:
                room = max(0, self._memory - len(self._records))
                self._records.extend(records[:room])
                rest = records[room:]
            dropped = len(rest) - self._append(rest)
            self.counters.accepted += len(records) - dropped
            self.counters.dropped += dropped
            return dropped

    def peek(self, limit: int) -> list[str]:
        """Return at most `limit` of the oldest records; they stay until `settle`.

        None after `close`: what waits is for the next life, and could not be settled here.
        """
        with self._lock:
            if self._closed:
                return []
            if self._records:
                return [self._records[index] for index in range(min(limit, len(self._records)))]
            return self._spool.peek(limit) if self._spool is not None and self._spooled else []

    def settle(self, count: int, refused: int = 0) -> None:
        """Forget the oldest `count` records, of which the database refused some."""
        with self._lock:
            if self._closed:
                return
            if self._records:
                for _ in range(count):
                    self._records.popleft()
            elif self._spool is not None:
                self._guard(self._spool.remove, count)
            self.counters.written += count - refused
            self.counters.refused += refused

    def spill(self) -> None:
        """Bring what is in memory to disk, where it survives the process."""
        with self._lock:
            if not self._records or self._spool is None:
                return
            if self._guard(self._spool.prepend, list(self._records)):
                self._records.clear()

    def adopt(self) -> None:
        """Take over what processes that are gone have left in spools beside this one."""
        with self._lock:
            if self._spool is not None and not self._records:
                self._guard(spool_folder.adopt, self._spool)

    @property
    def in_memory(self) -> int:
        """Return how many records wait in memory."""
        return len(self._records)

    @property
    def on_disk(self) -> int:
        """Return how many records wait on disk."""
        return self._spooled

    def close(self) -> None:
        """Let go of the spool's files; whoever settles later is too late, and changes nothing."""
        with self._lock:
            self._closed = True
            if self._spool is not None:
                self._spool.close()

    @property
    def _spooled(self) -> int:
        return self._spool.count if self._spool is not None else 0

    def _append(self, records: list[str]) -> int:
        if not records or self._spool is None:
            return 0
        before = self._spool.count
        self._guard(self._spool.append, records)
        return self._spool.count - before

    def _guard(self, action: Callable[..., object], *args: object) -> bool:
        try:
            action(*args)
        except OSError as error:
            self.disk_error = str(error)
            return False
        self.disk_error = ""
        return True

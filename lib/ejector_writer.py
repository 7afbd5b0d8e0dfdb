"""The background writer of one database: two threads, so that a hanging one blocks nobody.

The *collector* encodes what ejectors hand over and puts it into the outbox; it never touches the
network. The *shipper* offers the oldest records to the database until they are taken.
"""

import logging
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lib.constants import KEY
from lib.database.abstract_database import AbstractDatabase
from lib.database.errors import DatabaseUnavailable, RecordsRefused
from lib.database.record import SERIES
from lib.outbox import Outbox
from lib.spool_settings import SpoolSettings
from lib.unique_times import UniqueTimes

HAND_OVER = 20_000
"""Records that may wait for their encoding: 20 s at 1,000/s."""
STUCK_TICKS = 4
"""A write that takes longer than this many ticks (1 s): bring what waits to disk."""
FIRST_PAUSE_SECONDS = 0.25
POISON_TRIES = 5
"""Unexpected errors in a row after which records are offered one by one."""
REPORT_TICKS = 40
"""Losses are reported at most every so many ticks (10 s)."""
SWITCH_SECONDS = 0.0005
"""How long the writer may hold the interpreter while the bot wants it; Python's own 5 ms would
be felt in a bot's latency."""

_log = logging.getLogger("lib.async_ejector")


class Recordable(Protocol):
    """What can be handed to a writer."""

    database: AbstractDatabase

    def record(self) -> dict[str, Any]:
        """Return the record; called on the writer's thread."""


class EjectorWriter:
    """Takes records at any time, never blocks the caller, and writes them in order.

    Args:
        database: Where the records go.
    """

    def __init__(self, database: AbstractDatabase) -> None:
        """Continue with what a former life has spooled; start the two threads."""
        self._database = database
        self._settings = SpoolSettings.of(database.config)
        spool = self._settings.open(database.config, database.target)
        self.outbox = Outbox(spool, self._settings.memory_records)
        self._batch_records = self._settings.batch_records
        self._queue: deque[Recordable] = deque()
        self._overflow = 0
        self._times = UniqueTimes()
        self._wake, self._full = threading.Event(), threading.Event()
        self._ready, self._stop = threading.Event(), threading.Event()
        self._collected = threading.Event()
        self._flight, self._attempts = 0, 0
        self._asked_pause = 0.0
        self.failures = 0
        """Attempts in a row that failed: 0 when the database is well."""
        self.error = ""
        """Why the last attempt failed."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
        self._threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=name, daemon=True)
            for loop, name in ((self._collect, "collector"), (self._ship, "shipper"))
        ]
        for thread in self._threads:
            thread.start()

    def put(self, item: Recordable) -> None:
        """Take one record; returns at once."""
        if len(self._queue) >= HAND_OVER:
            self._overflow += 1
            return
        self._queue.append(item)
        if not self._wake.is_set():
            self._wake.set()
        if len(self._queue) >= self._batch_records and not self._full.is_set():
            self._full.set()

    def close(self, seconds: float) -> None:
        """Write what waits for at most `seconds`; the rest goes to disk, for the next life."""
        collector, shipper = self._threads
        self._stop.set()
        self._wake.set()
        self._full.set()
        collector.join(seconds / 4)
        shipper.join(seconds * 3 / 4)
        self.outbox.spill()
        self.outbox.close()
        if not shipper.is_alive():
            self._database.close()

    def stats(self) -> dict[str, Any]:
        """Return the counters, what waits where, and the trouble if there is any."""
        counters = self.outbox.counters
        return {
            "accepted": counters.accepted,
            "written": counters.written,
            "refused": counters.refused,
            "dropped": counters.dropped + self._overflow,
            "in_memory": self.outbox.in_memory + len(self._queue),
            "on_disk": self.outbox.on_disk,
            "failures": self.failures,
            "error": self.outbox.disk_error or self.error,
        }

    def _collect(self) -> None:
        stuck = Stuck()
        reporter = LossReporter(self._database.target)
        while True:
            # With something in memory the tick goes on: a hang has to be noticed.
            self._wake.wait(self._settings.batch_time if self.outbox.in_memory else None)
            self._full.wait(self._settings.batch_time)
            stopping = self._stop.is_set()
            self._full.clear()
            self._wake.clear()
            self._drain()
            if stuck.tick(self._flight):
                self.outbox.spill()
            reporter.tick(self.stats())
            if stopping:
                self._collected.set()
                self._ready.set()
                return

    def _drain(self) -> None:
        while self._queue:
            encoded: list[str] = []
            while self._queue and len(encoded) < self._batch_records:
                text = self._encode(self._queue.popleft())
                if text:
                    encoded.append(text)
            self.outbox.put(encoded)
            self._ready.set()

    def _encode(self, item: Recordable) -> str:
        try:
            record = item.record()
            series = (record.get(SERIES), record.get(KEY.SYMBOL))
            record[KEY.TIMESTAMP] = self._times.make(series, record[KEY.TIMESTAMP])
            return item.database.Encode(record)
        except Exception as error:  # noqa: BLE001 - one bad record must not cost the others
            if not self.outbox.counters.refused:
                _log.warning("a record cannot be encoded: %s", error)
            self.outbox.counters.refused += 1
            return ""

    def _ship(self) -> None:
        adopted = False
        while True:
            self._ready.clear()
            collected = self._collected.is_set()
            batch = self.outbox.peek(self._batch_records)
            if batch:
                if not self._offer(batch) and self._stop.wait(self._pause()):
                    self._offer(batch)
                    return
            elif collected:
                return
            elif not adopted:
                adopted = True
                self.outbox.adopt()
            else:
                self._ready.wait()

    def _offer(self, batch: list[str]) -> bool:
        self._attempts += 1
        self._flight = self._attempts
        self._asked_pause = 0.0
        refused = 0
        try:
            self._database.writeEncoded(batch)
        except RecordsRefused as error:
            refused = error.count
            _log.warning("%s refuses %s records: %s", self._database.target, refused, error)
        except DatabaseUnavailable as error:
            self._asked_pause = error.retry_after
            self._failed(error)
            return False
        except Exception as error:  # noqa: BLE001 - a user's adapter may raise anything
            self._failed(error)
            if self.failures < POISON_TRIES:
                return False
            refused = self._offer_singly(batch)
        finally:
            self._flight = 0
        self.outbox.settle(len(batch), refused)
        if self.failures:
            _log.info("%s takes records again", self._database.target)
        self.failures, self.error = 0, ""
        return True

    def _offer_singly(self, batch: list[str]) -> int:
        refused = 0
        for record in batch:
            try:
                self._database.writeEncoded([record])
            except Exception as error:  # noqa: BLE001 - see above: this one is the poison
                refused += 1
                _log.warning("%s refuses a record: %r", self._database.target, error)
        return refused

    def _failed(self, error: Exception) -> None:
        if not self.failures:
            _log.warning(
                "%s does not take records, they are kept: %s", self._database.target, error
            )
        self.failures += 1
        self.error = f"{type(error).__name__}: {error}"
        self.outbox.spill()

    def _pause(self) -> float:
        doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures - 1, 16)
        doubled = min(self._settings.max_pause, doubled)
        return max(self._asked_pause, doubled * random.uniform(0.5, 1.0))

    def _guarded(self, loop: Callable[[], None]) -> None:
        # A writer that dies in silence would fill the memory: it goes on instead.
        while True:
            try:
                loop()
            except Exception:  # noqa: BLE001 - a thread's top level
                _log.exception("the background writer failed, and goes on")
                if self._stop.wait(self._settings.max_pause):
                    return
            else:
                return


class Stuck:
    """Notices by ticks that one and the same write does not come to an end (pure)."""

    def __init__(self) -> None:
        """Start with nothing in flight."""
        self._flight = 0
        self._ticks = 0

    def tick(self, flight: int) -> bool:
        """Take the number of the write in flight (0: none); return whether it is stuck."""
        self._ticks = self._ticks + 1 if flight and flight == self._flight else 0
        self._flight = flight
        return self._ticks >= STUCK_TICKS


class LossReporter:
    """Logs losses when they grow, at most every `REPORT_TICKS` ticks."""

    def __init__(self, target: str) -> None:
        """Start with nothing lost."""
        self._target = target
        self._reported = 0
        self._ticks = REPORT_TICKS

    def tick(self, stats: Mapping[str, Any]) -> None:
        """Take the newest counters."""
        self._ticks += 1
        lost = stats["dropped"]
        if lost > self._reported and self._ticks >= REPORT_TICKS:
            _log.error(
                "%s: %s records dropped since the start; memory and spool are full (%s)",
                self._target,
                lost,
                stats["error"] or "no error",
            )
            self._reported, self._ticks = lost, 0

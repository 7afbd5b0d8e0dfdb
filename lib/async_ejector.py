"""Records leave the caller's thread here, and reach the database in order, sooner or later.

`.start()` returns at once. One background writer per database batches by size and time. While the
database is down, slow or full, records wait in bounded memory, then in a bounded spool on disk,
and are replayed in order; what does not fit is dropped, counted and reported.
"""

import atexit
import os
import threading
from collections.abc import Mapping
from typing import Any

from lib.constants import KEY
from lib.database.abstract_database import AbstractDatabase
from lib.database.record import SERIES
from lib.ejector_writer import EjectorWriter
from lib.redaction import redact, redact_fields
from lib.serialize import to_json
from lib.timer import AbstractTimer

FLUSH_SECONDS = 1.5
"""What the way out may take; the rest goes to the spool."""
LOG_SERIES = "log"

_writers: dict[str, EjectorWriter] = {}
_lock = threading.Lock()


class FieldsAsyncEjector:
    """Sends one record of fields to a database.

    Args:
        database: Where it goes.
        timer: Dates it, unless the fields have a `timestamp` (int ns) of their own.
        **fields: Field name -> value; `series` names a series of its own. Values must not be
            changed afterwards: they are encoded later, in another thread.
    """

    __slots__ = ("_fields", "_timer", "database")

    def __init__(self, database: AbstractDatabase, timer: AbstractTimer, **fields: Any) -> None:
        """Keep it all; nothing is done yet."""
        self.database = database
        self._timer = timer
        self._fields = fields

    def start(self) -> None:
        """Hand the record to the background writer; returns at once and never raises."""
        self._fields.setdefault(KEY.TIMESTAMP, self._timer.Timestamp())
        writer_of(self.database).put(self)

    def record(self) -> dict[str, Any]:
        """Return the record; called on the writer's thread."""
        return dict(self._fields)


class LogAsyncEjector:
    """Sends one log event to a database, in the series `log`, secrets hidden.

    Args:
        database: Where it goes.
        timer: Dates it.
        data: Fields of the event; stored as one JSON field `data`.
        message: What happened.
        level: Name of its level; a tag.
    """

    __slots__ = ("_data", "_level", "_message", "_time_ns", "_timer", "database")

    def __init__(
        self,
        database: AbstractDatabase,
        timer: AbstractTimer,
        data: Mapping[str, Any],
        message: str,
        level: str,
    ) -> None:
        """Keep it all; nothing is done yet."""
        self.database = database
        self._timer = timer
        self._data = data
        self._message = message
        self._level = level
        self._time_ns = 0

    def start(self) -> None:
        """Hand the event to the background writer; returns at once and never raises."""
        self._time_ns = self._timer.Timestamp()
        writer_of(self.database).put(self)

    def record(self) -> dict[str, Any]:
        """Return the record; called on the writer's thread."""
        record = {
            KEY.TIMESTAMP: self._time_ns,
            SERIES: LOG_SERIES,
            "level": self._level.lower(),
            "message": redact(self._message),
        }
        if self._data:
            record["data"] = to_json(redact_fields(self._data))
        return record


def writer_of(database: AbstractDatabase) -> EjectorWriter:
    """Return the background writer of a database's target; it is started at the first call."""
    target = database.target
    writer = _writers.get(target)
    if writer is None:
        with _lock:
            writer = _writers.get(target)
            if writer is None:
                writer = _writers[target] = EjectorWriter(database)
    return writer


def flush(seconds: float = FLUSH_SECONDS) -> None:
    """Write what waits, for at most `seconds` in all, and bring the rest to disk.

    Runs by itself at a normal exit of a script; a worker's runtime calls it on the way out.
    Records that come later start new writers.
    """
    with _lock:
        writers = list(_writers.values())
        _writers.clear()
    for writer in writers:
        writer.close(seconds / len(writers))


def stats() -> dict[str, dict[str, Any]]:
    """Return for each database what was accepted, written, refused and dropped, and what waits."""
    return {target: writer.stats() for target, writer in list(_writers.items())}


def _forget_writers() -> None:
    # The threads stayed in the parent, and so must the records.
    global _lock  # noqa: PLW0603 - it may have been held at the instant of the fork
    _lock = threading.Lock()
    _writers.clear()


os.register_at_fork(after_in_child=_forget_writers)
atexit.register(flush)

"""A database in one file, with nothing to install."""

import json
import sqlite3
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib import folders
from lib.constants import KEY
from lib.database import json_record
from lib.database.abstract_database import AbstractDatabase
from lib.database.errors import DatabaseUnavailable
from lib.database.record import Schema
from lib.defaults import default_seconds
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

CREATE = """
CREATE TABLE IF NOT EXISTS records (
    series TEXT NOT NULL, time_ns INTEGER NOT NULL, tags TEXT NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (series, time_ns, tags)
) WITHOUT ROWID
"""
INSERT = "INSERT OR REPLACE INTO records (series, time_ns, tags, fields) VALUES (?, ?, ?, ?)"


class SqliteDb(AbstractDatabase):
    """Keeps records in a SQLite file (WAL), shared by all workers of a project.

    Its section is `sqlite`: `path` (default: `history.db` in the project's state folder),
    `measurement`, `tags`, `integers`; `timeout` (seconds to wait for another writer). One table,
    `records`: `series`, `time_ns`, and `tags` and `fields` as JSON objects.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Read the section; the file is opened at first use."""
        super().__init__(config, factory, timer)
        section = config.get("sqlite") or {}
        self.schema = Schema(config, section)
        usual = folders.state_dir(str(config.get(KEY.PROJECT) or "default")) / "history.db"
        self.path = Path(section.get("path") or usual).expanduser()
        self._timeout = float(section.get("timeout", default_seconds("sqlite.timeout")))
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @cached_property
    def target(self) -> str:
        """Return the file's path."""
        return f"sqlite {self.path.absolute()}"

    def Encode(self, record: dict[str, Any]) -> str:
        """Return the record as JSON.

        Raises:
            ValueError: The record has no field, or one that JSON cannot express.
        """
        return json_record.encode(self.schema.split(record, self.timer.Timestamp()))

    def writeEncoded(self, records: list[str]) -> None:
        """Write all records in one transaction.

        Raises:
            DatabaseUnavailable: The file is locked, full or damaged.
        """
        rows = [json_record.decode(record) for record in records]
        values = [(row.series, row.time_ns, row.tags, row.fields) for row in rows]
        with self._lock:
            try:
                connection = self._open()
                with connection:
                    connection.executemany(INSERT, values)
            except (sqlite3.Error, OSError) as error:
                self._close()
                raise DatabaseUnavailable(f"{self.path}: {error}") from error

    def readLast(self, field: str) -> Any | None:
        """Return the field's newest value in the records of this config's tags.

        Raises:
            DatabaseUnavailable: The file cannot be read.
        """
        tests = ["series = ?", "json_type(fields, ?) IS NOT NULL"]
        values = [self.schema.measurement, _path(field)]
        for name, value in self.schema.base_tags.items():
            tests.append("json_extract(tags, ?) = ?")
            values += [_path(name), value]
        query = f"SELECT fields FROM records WHERE {' AND '.join(tests)}"  # noqa: S608 - fixed text
        with self._lock:
            try:
                found = self._open().execute(f"{query} ORDER BY time_ns DESC LIMIT 1", values)
                row = found.fetchone()
            except (sqlite3.Error, OSError) as error:
                self._close()
                raise DatabaseUnavailable(f"{self.path}: {error}") from error
        return json_record.field_of(row[0], field) if row else None

    def read_series(self, series: str, start_ns: int, end_ns: int) -> list[dict[str, Any]]:
        """Return the records of a series in [start, end), of all bots, by time.

        Raises:
            DatabaseUnavailable: The file cannot be read.
        """
        query = (
            "SELECT time_ns, tags, fields FROM records"
            " WHERE series = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns"
        )
        values = (self.schema.name_of(series), start_ns, end_ns)
        with self._lock:
            try:
                rows = self._open().execute(query, values).fetchall()
            except (sqlite3.Error, OSError) as error:
                self._close()
                raise DatabaseUnavailable(f"{self.path}: {error}") from error
        return [json_record.record_of(*row) for row in rows]

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            self._close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=self._timeout, check_same_thread=False)
            self._connection = connection
            connection.execute("PRAGMA journal_mode = WAL")
            # Safe against a crash of the process; a power cut may cost the newest records.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(CREATE)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _path(name: str) -> str:
    return f"$.{json.dumps(name, ensure_ascii=False)}"

"""PostgreSQL, with TimescaleDB's hypertables where the extension is installed."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from lib.database import json_record
from lib.database.abstract_database import AbstractDatabase
from lib.database.errors import DatabaseUnavailable, RecordsRefused
from lib.database.json_record import Row
from lib.database.record import Schema
from lib.defaults import default, default_seconds
from lib.errors import ConfigError
from lib.heavy import load
from lib.redaction import remember
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from psycopg import Connection

    from lib.factory import AbstractFactory

PARAMETERS = ("dsn", "host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NS_PER_US = 1_000
COLUMNS = "time timestamptz NOT NULL, time_ns bigint NOT NULL, tags jsonb NOT NULL, fields jsonb"
INSERT_ROWS = 100
"""Rows of one INSERT where COPY is not to be had; the WASM build dies of 1,000."""
LOCK = 7_284_120_113
"""Number of the advisory lock under which a table is made: several workers start at once."""

Result = TypeVar("Result")


class TimescaleDb(AbstractDatabase):
    """One table per series: `time`, `time_ns` (exact), `tags` and `fields` as jsonb.

    Its section is `timescale`: `dsn`, or `host`, `port`, `user`, `password`, `dbname`, `sslmode`;
    `measurement`, `tags`, `integers`; `timeout` (seconds); `copy: false` for servers that cannot
    COPY. Tables become hypertables when the extension is installed in the database.

    Raises:
        ConfigError: The section names the server twice.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Read the section; connect at first use."""
        super().__init__(config, factory, timer)
        section = config.get("timescale") or {}
        self.schema = Schema(config, section)
        self._parameters = {name: section[name] for name in PARAMETERS if section.get(name)}
        self._dsn = str(self._parameters.pop("dsn", ""))
        if self._dsn and self._parameters:
            raise ConfigError("timescale takes either dsn or host, port, user, …; not both")
        if not self._dsn:
            self._parameters = {**_server(), **self._parameters}
        remember(str(section.get("password") or ""))
        self._timeout = float(section.get("timeout", default_seconds("timescale.timeout")))
        self._copies = bool(section.get("copy", default("timescale.copy")))
        self._lock = threading.Lock()
        self._connection: Connection[tuple[Any, ...]] | None = None
        self._tables: set[str] = set()

    @cached_property
    def target(self) -> str:
        """Return host and database."""
        known = self._parameters
        if self._dsn:
            known = {**_server(), **load("psycopg.conninfo").conninfo_to_dict(self._dsn)}
        return f"postgres {known['host']}:{known['port']}/{known['dbname']}"

    def Encode(self, record: dict[str, Any]) -> str:
        """Return the record as JSON.

        Raises:
            ValueError: The record has no field, or one that JSON cannot express.
        """
        return json_record.encode(self.schema.split(record, self.timer.Timestamp()))

    def writeEncoded(self, records: list[str]) -> None:
        """Write all records in one transaction, by COPY.

        Raises:
            DatabaseUnavailable: No answer, or one that says later.
            RecordsRefused: PostgreSQL cannot store a value.
        """
        refused, reason = self._write([json_record.decode(record) for record in records])
        if refused:
            raise RecordsRefused(reason, refused)

    def readLast(self, field: str) -> Any | None:
        """Return the field's newest value in the rows of this config's tags.

        Raises:
            DatabaseUnavailable: No answer, or an error.
        """
        return self._run(lambda connection: self._read(connection, field))

    def read_series(self, series: str, start_ns: int, end_ns: int) -> list[dict[str, Any]]:
        """Return the records of a series in [start, end), of all bots, by time.

        Raises:
            DatabaseUnavailable: No answer, or an error.
        """
        table = _quoted(self.schema.name_of(series))

        def read(connection: "Connection[tuple[Any, ...]]") -> list[tuple[Any, ...]]:
            if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() == (None,):
                return []
            query = (
                f"SELECT time_ns, tags::text, fields::text FROM {table}"  # noqa: S608 - quoted above
                " WHERE time >= %s AND time_ns >= %s AND time_ns < %s ORDER BY time_ns"
            )
            values = (_moment(start_ns), start_ns, end_ns)
            return connection.execute(query.encode(), values).fetchall()

        return [json_record.record_of(*row) for row in self._run(read)]

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        with self._lock:
            self._disconnect()

    def _write(self, rows: list[Row]) -> tuple[int, str]:
        # Returns how many were refused, and why: halves what is refused down to the culprits.
        psycopg = load("psycopg")

        if not rows:
            return 0, ""
        try:
            self._run(lambda connection: self._insert(connection, rows))
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(rows) == 1:
                return 1, str(error)
            middle = len(rows) // 2
            first, first_reason = self._write(rows[:middle])
            second, second_reason = self._write(rows[middle:])
            return first + second, first_reason or second_reason
        return 0, ""

    def _run(self, work: "Callable[[Connection[tuple[Any, ...]]], Result]") -> Result:
        psycopg = load("psycopg")

        with self._lock:
            try:
                connection = self._connect()
                with _cut_off(connection, self._timeout), connection.transaction():
                    return work(connection)
            except (psycopg.DataError, psycopg.IntegrityError):
                # What the transaction made is gone with it.
                self._tables.clear()
                raise
            except (psycopg.Error, OSError) as error:
                self._disconnect()
                text = " ".join(str(error).split())
                raise DatabaseUnavailable(f"{self.target}: {text}") from error

    def _insert(self, connection: "Connection[tuple[Any, ...]]", rows: list[Row]) -> None:
        for series, group in groupby(rows, key=lambda row: row.series):
            self._make_table(connection, series)
            values = [(_moment(row.time_ns), row.time_ns, row.tags, row.fields) for row in group]
            if self._copies:
                self._copy(connection, series, values)
            else:
                self._insert_values(connection, series, values)

    def _copy(
        self, connection: "Connection[tuple[Any, ...]]", series: str, values: list[tuple[Any, ...]]
    ) -> None:
        connection.execute(f"CREATE TEMP TABLE staged ({COLUMNS}) ON COMMIT DROP")
        with connection.cursor().copy("COPY staged FROM STDIN") as copy:
            for value in values:
                copy.write_row(value)
        # What is there already was written by an attempt whose answer was lost.
        query = f"INSERT INTO {_quoted(series)} SELECT * FROM staged ON CONFLICT DO NOTHING"  # noqa: S608
        connection.execute(query.encode())
        connection.execute("DROP TABLE staged")

    def _insert_values(
        self, connection: "Connection[tuple[Any, ...]]", series: str, values: list[tuple[Any, ...]]
    ) -> None:
        for start in range(0, len(values), INSERT_ROWS):
            chunk = values[start : start + INSERT_ROWS]
            places = ", ".join(["(%s, %s, %s, %s)"] * len(chunk))
            query = f"INSERT INTO {_quoted(series)} VALUES {places} ON CONFLICT DO NOTHING"  # noqa: S608
            connection.execute(query.encode(), [item for value in chunk for item in value])

    def _make_table(self, connection: "Connection[tuple[Any, ...]]", series: str) -> None:
        if series in self._tables:
            return
        table = _quoted(series)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        # The time comes first in the key: hypertables demand it there, and readLast is quick.
        query = f"CREATE TABLE IF NOT EXISTS {table} ({COLUMNS}, UNIQUE (time, time_ns, tags))"
        connection.execute(query.encode())
        found = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")
        if found.fetchone():
            connection.execute(
                "SELECT create_hypertable(%s::regclass, 'time', if_not_exists => true,"
                " migrate_data => true)",
                (table,),
            )
        self._tables.add(series)

    def _read(self, connection: "Connection[tuple[Any, ...]]", field: str) -> Any | None:
        table = _quoted(self.schema.measurement)
        if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() == (None,):
            return None
        tags = json_record.text_of(self.schema.base_tags)
        query = f"SELECT fields::text FROM {table} WHERE tags @> %s AND fields ? %s"  # noqa: S608
        found = connection.execute(
            f"{query} ORDER BY time DESC, time_ns DESC LIMIT 1".encode(), (tags, field)
        ).fetchone()
        return json_record.field_of(found[0], field) if found else None

    def _connect(self) -> "Connection[tuple[Any, ...]]":
        psycopg = load("psycopg")

        if self._connection is None:
            self._tables.clear()
            self._connection = psycopg.connect(
                self._dsn,
                **self._parameters,
                autocommit=True,
                # Plans would pile up: every size of batch is another statement.
                prepare_threshold=None,
                connect_timeout=max(2, round(self._timeout)),
            )
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None
            self._tables.clear()


@contextlib.contextmanager
def _cut_off(connection: "Connection[tuple[Any, ...]]", seconds: float) -> Iterator[None]:
    # libpq waits for ever for a server that accepts and never answers: end its socket instead.
    def shut() -> None:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fileno)) as copy:
            copy.shutdown(socket.SHUT_RDWR)

    fileno = connection.fileno()
    alarm = threading.Timer(seconds, shut)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _server() -> dict[str, Any]:
    return {name: default(f"timescale.{name}") for name in ("host", "port", "dbname")}


def _moment(time_ns: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_ns // NS_PER_US)


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""').replace("\0", "")
    return f'"{escaped}"'

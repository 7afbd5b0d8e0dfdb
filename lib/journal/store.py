"""The journal's file: tables, format version, reading, writing, compaction; blocking.

SQLite in WAL mode: with `synchronous=NORMAL` a commit is in the kernel when it returns, so that it
survives the death of the process at any instruction; with `FULL` it survives the machine's.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lib.errors import ConfigError
from lib.failpoints import failpoint
from lib.journal.errors import UNFIT, UnwritableError, is_damage
from lib.journal.past import newest_of, read_past
from lib.journal.reserve import Reserve
from lib.journal.schema import LASTING, SCHEMA, SQL, TABLES, UNFINISHED
from lib.oms.rows import ACKS, Fact, FillRow, OrderRow, Past, Row

FORMAT = 1
FILE = "journal.sqlite"
DURABLE = frozenset({"halts", "pauses", "day", "epoch", "boot", "clean"})
"""Facts that must outlive the machine."""
MOST_FILLS = 10_000
"""What one question may get: whoever waits for a commit waits for its answer, too."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Store:
    """One open journal; used by one thread at a time.

    Args:
        folder: The project's state folder.
        synchronous: `NORMAL` or `FULL`.
    """

    def __init__(self, folder: Path, synchronous: str = "NORMAL") -> None:
        """Open the file, or make it; a file that is no journal is put aside.

        Raises:
            ConfigError: It was written by a newer version.
            OSError, sqlite3.Error: It cannot be opened.
        """
        self._synchronous = synchronous
        self._compacted = 0
        """Number of the order row up to which `compact` has looked in this round."""
        self.path = folder / FILE
        self.lost = False
        """True when there was a journal that could not be read and was put aside."""
        self.is_new = not self.path.exists()
        self.reserve = Reserve(folder)
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._begin_anew()
        self.reserve.make()

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows in one transaction.

        Raises:
            UnwritableError: Nothing was written, because of one row.
            OSError, sqlite3.Error, MemoryError: Nothing was written.
        """
        failpoint("journal.write")
        rows = list(rows)
        connection = self._connection
        if any(isinstance(row, Fact) and row.name in DURABLE for row in rows):
            with self._synced():
                self._write(connection, rows)
        else:
            self._write(connection, rows)

    @contextmanager
    def _synced(self) -> Iterator[None]:
        # What must outlive the machine is rare: only then the disk is waited for.
        self._connection.execute("PRAGMA synchronous=FULL")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA synchronous={self._synchronous}")

    @staticmethod
    def _write(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for row in rows:
                try:
                    connection.execute(SQL[type(row)], row)
                except UNFIT as error:
                    raise UnwritableError(row, str(error)) from error
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def read(self, since_ns: int) -> Past:
        """Return all that a new life must know; a file that is torn somewhere is put aside.

        See `lib.journal.past`.
        """
        try:
            return read_past(self._connection, since_ns)
        except (sqlite3.DatabaseError, ValueError) as error:
            if not is_damage(error):
                raise
            self.close()
            self._begin_anew()
            return read_past(self._connection, since_ns)

    def orders(self, owners: Iterable[str], limit: int) -> list[OrderRow]:
        """Return the newest orders of some owners, newest first."""
        found = [
            OrderRow(*row)
            for owner in owners
            for row in self._rows(
                "SELECT * FROM orders WHERE owner = ? ORDER BY id DESC LIMIT ?", owner, limit
            )
        ]
        return sorted(found, key=lambda row: row.id, reverse=True)[:limit]

    def fills(self, owners: Iterable[str], limit: int) -> list[FillRow]:
        """Return the newest fills of some owners, newest first, `MOST_FILLS` at the most."""
        limit = min(max(limit, 1), MOST_FILLS)
        found = [
            FillRow(*row)
            for owner in owners
            for row in self._rows(
                "SELECT * FROM fills WHERE owner = ? ORDER BY sequence DESC LIMIT ?", owner, limit
            )
        ]
        return sorted(found, key=lambda row: row.event_ns, reverse=True)[:limit]

    def compact(self, before_ns: int, limit: int = 500) -> int:
        """Remove final orders and acknowledged fills from before a time; return how many.

        Fills stay as long as their order may go on: when one of its fills is missed, all of them
        are fetched, and those that are known must not be booked again.

        One call looks at so many of the oldest rows of each table and goes on there at the next:
        whoever waits for a commit waits for this, too.
        """
        acks: dict[str, int] = {}
        for (value,) in self._rows("SELECT value FROM facts WHERE name = ?", ACKS):
            acks = json.loads(value)
        removed = self._compact_orders(before_ns, limit)
        owners = newest_of(self._connection, "fills", "owner", "sequence")
        share = max(1, limit // max(1, len(owners)))
        for owner, newest in owners:
            # the newest fill stays: the next number is counted from it
            upto = min(acks.get(owner, 0), newest - 1)
            removed += self._connection.execute(
                "DELETE FROM fills WHERE rowid IN (SELECT rowid FROM ("  # noqa: S608
                "SELECT rowid, event_ns FROM fills WHERE owner = ? AND sequence <= ? AND NOT "
                f"EXISTS (SELECT 1 FROM orders WHERE orders.id = fills.id AND {LASTING}) "
                "ORDER BY sequence LIMIT ?) WHERE event_ns < ?)",
                (owner, upto, share, before_ns),
            ).rowcount
        return removed

    def _compact_orders(self, before_ns: int, limit: int) -> int:
        # a row that is written again gets a new number: the lowest ones are the oldest
        rows = self._rows(
            "SELECT rowid, event_ns, sent_ns FROM orders WHERE rowid > ? ORDER BY rowid LIMIT ?",
            self._compacted,
            limit,
        )
        old = [row for row in rows if row[1] < before_ns and row[2] < before_ns]
        begin = self._compacted
        is_over = len(rows) < limit or len(old) < len(rows)
        self._compacted = 0 if is_over else rows[-1][0]
        if not old:
            return 0
        return self._connection.execute(
            f"DELETE FROM orders WHERE rowid > ? AND rowid <= ? AND NOT {UNFINISHED} "  # noqa: S608
            "AND event_ns < ? AND sent_ns < ?",
            (begin, old[-1][0], before_ns, before_ns),
        ).rowcount

    def put_aside(self) -> None:
        """Close the file, and leave the place to another one."""
        self.close()
        self._move_aside()

    def _move_aside(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            path = self.path.with_name(FILE + suffix)
            with suppress(FileNotFoundError):
                path.replace(path.with_name(f"broken-{path.name}"))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except (OSError, sqlite3.Error) as error:
            if is_damage(error) or not self.reserve.path.exists():
                raise
            # even reading needs some space on the disk: what was set aside is for this, too
            self.reserve.release()
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        failpoint("journal.open")
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=5.0
        )
        try:
            self._prepare(connection)
            self.path.chmod(0o600)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        # a checkpoint inside a commit would stall it for milliseconds
        connection.execute("PRAGMA wal_autocheckpoint=0")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise ConfigError(
                f"{self.path} has format {version}, written by a newer Tickvisor; this one "
                f"reads up to {FORMAT}"
            )
        for kind, (table, keys) in TABLES.items():
            columns = ", ".join(kind._fields)
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}, {keys})")
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={FORMAT}")

    def _begin_anew(self) -> None:
        self._move_aside()
        self.lost = self.is_new = True
        self._connection = self._open()

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        return self._connection.execute(sql, values).fetchall()


def checkpoint(path: Path) -> None:
    """Move what was committed from the log into the file, by a connection of its own.

    Never blocks a writer.

    Raises:
        OSError, sqlite3.Error: It failed; nothing is lost.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        connection.close()


def boot_id() -> str:
    """Return what changes with every start of the machine."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def group(rows: Iterable[Row]) -> list[Row]:
    """Return rows without those that a later one of the same key replaces."""
    newest: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (type(row), *row[:3]) if isinstance(row, FillRow) else (type(row), row[0])
        newest.pop(key, None)
        newest[key] = row
    return list(newest.values())

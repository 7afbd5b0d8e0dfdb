"""SqliteDb when its file misbehaves, and what stands in it."""

import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.database import DatabaseUnavailable, SqliteDb
from lib.factory import LocalFactory
from lib.timer import LiveTimer

START_NS = 1_700_000_000_000_000_000


@pytest.fixture
def database(config: dict[str, Any], tmp_path: Path) -> Iterator[SqliteDb]:
    section = {"path": str(tmp_path / "deep" / "history.db")}
    made = SqliteDb({**config, "sqlite": section}, LocalFactory({}), LiveTimer())
    yield made
    made.close()


def test_rows_are_readable_by_anybody(database: SqliteDb, config: dict[str, Any]) -> None:
    record = {"timestamp": START_NS, "series": "trade", "price": Decimal("0.10"), "side": "BUY"}
    database.writeEncoded([database.Encode(record)])

    with sqlite3.connect(database.path) as connection:
        (row,) = connection.execute("SELECT series, time_ns, tags, fields FROM records")
    connection.close()
    assert row[:2] == (f"{config['project']}_trade", START_NS)
    assert json.loads(row[2]) == {"bot": "quoter", "symbol": "BTCUSDT"}
    assert row[3] == '{"price":0.10,"side":"BUY"}'


def test_decimals_come_back_exact(database: SqliteDb) -> None:
    price = Decimal("12345678901234567890.12345678901234567890")
    database.writeEncoded([database.Encode({"timestamp": START_NS, "price": price})])

    assert database.readLast("price") == price


def test_a_locked_file_is_unavailable_after_the_user_s_patience(tmp_path: Path) -> None:
    section = {"path": tmp_path / "locked.db", "timeout": 0.05}
    database = SqliteDb({"project": "test", "sqlite": section}, LocalFactory({}), LiveTimer())
    record = database.Encode({"timestamp": START_NS, "n": 1})
    database.writeEncoded([record])
    database.close()
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(DatabaseUnavailable, match="locked"):
        database.writeEncoded([record])

    other.close()
    database.writeEncoded([record])
    database.close()


def test_a_full_disk_is_unavailable(database: SqliteDb) -> None:
    database.writeEncoded([database.Encode({"timestamp": START_NS, "n": 1})])
    assert database._connection is not None
    database._connection.execute("PRAGMA max_page_count = 5")

    with pytest.raises(DatabaseUnavailable, match="full"):
        database.writeEncoded([database.Encode({"timestamp": START_NS + 1, "t": "x" * 100_000})])

    assert database.readLast("n") == 1
    assert database.readLast("t") is None


def test_a_file_that_is_no_database_is_unavailable(database: SqliteDb) -> None:
    database.path.parent.mkdir()
    database.path.write_bytes(b"not a database" * 100)

    with pytest.raises(DatabaseUnavailable, match="not a database"):
        database.readLast("n")


def test_two_processes_share_the_file(database: SqliteDb, config: dict[str, Any]) -> None:
    section = {"path": str(database.path)}
    other = SqliteDb(
        {**config, "symbol": "ETHUSDT", "sqlite": section}, LocalFactory({}), LiveTimer()
    )
    for step in range(20):
        database.writeEncoded([database.Encode({"timestamp": START_NS, "n": step})])
        other.writeEncoded([other.Encode({"timestamp": START_NS, "n": -step})])

    assert (database.readLast("n"), other.readLast("n")) == (19, -19)
    other.close()


def test_the_default_file_is_in_the_state_folder(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    made = SqliteDb(config, LocalFactory({}), LiveTimer())

    assert made.path == tmp_path / "tickvisor" / config["project"] / "history.db"

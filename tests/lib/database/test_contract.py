"""The databases' contract, over every implementation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.database import AbstractDatabase, FakeDb, InfluxDb, NoDb, SqliteDb, TimescaleDb
from lib.factory import SandboxFactory
from lib.timer import LiveTimer
from tests.contracts.database import START_NS, DatabaseContract
from tests.influx_gate import InfluxGate
from tests.servers import Server

FACTORY = SandboxFactory({})


class TestSqliteDb(DatabaseContract):
    @pytest.fixture
    def database(self, config: dict[str, Any], tmp_path: Path) -> Iterator[AbstractDatabase]:
        made = SqliteDb({**config, "sqlite": {"path": tmp_path / "h.db"}}, FACTORY, LiveTimer())
        yield made
        made.close()


class TestFakeDb(DatabaseContract):
    @pytest.fixture
    def database(self, config: dict[str, Any]) -> AbstractDatabase:
        return FakeDb(config, FACTORY, LiveTimer())


def test_no_db_takes_all_and_keeps_nothing(config: dict[str, Any]) -> None:
    database = NoDb(config, FACTORY, LiveTimer())

    database.writeEncoded([database.Encode({"timestamp": START_NS, "price": 1})])

    assert database.readLast("price") is None


@pytest.mark.server
class TestInfluxDb(DatabaseContract):
    """Against a real InfluxDB 1.x by its own paths."""

    @pytest.fixture
    def database(self, config: dict[str, Any], influx_server: Server) -> Iterator[AbstractDatabase]:
        section = {"url": influx_server.url, "database": "bots"}
        made = InfluxDb({**config, "influx": section}, FACTORY, LiveTimer())
        yield made
        made.close()


@pytest.mark.server
class TestInfluxDbV2(DatabaseContract):
    """By the v2 write path, in front of the same real storage."""

    @pytest.fixture
    def database(self, config: dict[str, Any], gate: InfluxGate) -> Iterator[AbstractDatabase]:
        section = {"url": gate.url, "org": "desk", "bucket": "bots", "token": "token-of-test"}
        made = InfluxDb({**config, "influx": section}, FACTORY, LiveTimer())
        yield made
        made.close()


@pytest.mark.server
class TestPostgres(DatabaseContract):
    @pytest.fixture
    def database(
        self, config: dict[str, Any], postgres_server: Server
    ) -> Iterator[AbstractDatabase]:
        section = {
            "host": "127.0.0.1",
            "port": postgres_server.port,
            "user": "postgres",
            "dbname": "postgres",
        }
        made = TimescaleDb({**config, "timescale": section}, FACTORY, LiveTimer())
        yield made
        made.close()


@pytest.mark.server
class TestTimescaleDb(DatabaseContract):
    @pytest.fixture
    def database(
        self, config: dict[str, Any], timescale_server: Server
    ) -> Iterator[AbstractDatabase]:
        dsn = (
            f"host=127.0.0.1 port={timescale_server.port} user=postgres password=postgres "
            "dbname=postgres sslmode=disable"
        )
        section = {"dsn": dsn, "copy": False, "timeout": 20.0}
        made = TimescaleDb({**config, "timescale": section}, FACTORY, LiveTimer())
        yield made
        made.close()

    def test_the_table_is_a_hypertable(self, database: TimescaleDb) -> None:
        database.writeEncoded([database.Encode({"timestamp": START_NS, "price": 1})])

        found = database._run(
            lambda connection: connection.execute(
                "SELECT count(*) FROM timescaledb_information.hypertables"
                " WHERE hypertable_name = %s",
                (database.schema.measurement,),
            ).fetchone()
        )
        assert found == (1,)

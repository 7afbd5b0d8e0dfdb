"""TimescaleDb on plain PostgreSQL: bulk, refusals, outages."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lib.database import DatabaseUnavailable, RecordsRefused, TimescaleDb
from lib.errors import ConfigError
from lib.factory import SandboxFactory
from lib.timer import LiveTimer
from tests.servers import Server, free_port

pytestmark = pytest.mark.server
START_NS = 1_700_000_000_000_000_001


def make(config: dict[str, Any], port: int, **section: Any) -> TimescaleDb:
    server = {"dsn": f"host=127.0.0.1 port={port} user=postgres dbname=postgres"}
    return TimescaleDb(
        {**config, "timescale": {**server, **section}}, SandboxFactory({}), LiveTimer()
    )


@pytest.fixture
def database(config: dict[str, Any], postgres_server: Server) -> Iterator[TimescaleDb]:
    made = make(config, postgres_server.port)
    yield made
    made.close()


def rows(database: TimescaleDb) -> list[tuple[Any, ...]]:
    table = database.schema.measurement
    query = f"SELECT time_ns, time::text, tags, fields FROM {table} ORDER BY time_ns"  # noqa: S608
    return list(database._run(lambda connection: connection.execute(query).fetchall()))


@pytest.mark.parametrize("copies", [True, False])
def test_bulk_is_written_once_and_to_the_nanosecond(
    config: dict[str, Any], postgres_server: Server, copies: bool
) -> None:
    database = make(config, postgres_server.port, copy=copies)
    batch = [database.Encode({"timestamp": START_NS + n, "n": n}) for n in range(5_000)]

    database.writeEncoded(batch)
    database.writeEncoded(batch[2_500:])

    found = rows(database)
    assert [row[0] for row in found] == [START_NS + n for n in range(5_000)]
    assert found[0][2:] == ({"bot": "quoter", "symbol": "BTCUSDT"}, {"n": 0})
    database.close()


def test_a_value_that_cannot_be_stored_costs_only_itself(database: TimescaleDb) -> None:
    batch = [database.Encode({"timestamp": START_NS + n, "n": n}) for n in range(30)]
    batch[11] = batch[11].replace('{\\"n\\":11}', "no json")

    with pytest.raises(RecordsRefused) as caught:
        database.writeEncoded(batch)

    assert caught.value.count == 1
    assert len(rows(database)) == 29


def test_a_nul_is_replaced(database: TimescaleDb) -> None:
    database.writeEncoded([database.Encode({"timestamp": START_NS, "text": "a\0b"})])

    assert database.readLast("text") == "a\ufffdb"


def test_many_workers_may_make_the_same_table(
    config: dict[str, Any], postgres_server: Server
) -> None:
    def write(number: int) -> None:
        one = make({**config, "symbol": f"S{number}"}, postgres_server.port)
        one.writeEncoded([one.Encode({"timestamp": START_NS, "n": number})])
        one.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    database = make(config, postgres_server.port)
    assert len(rows(database)) == 8
    database.close()


def test_a_lost_connection_is_made_again(database: TimescaleDb, postgres_server: Server) -> None:
    record = database.Encode({"timestamp": START_NS, "n": 1})
    database.writeEncoded([record])
    killer = make({"project": "killer"}, postgres_server.port)
    assert database._connection is not None
    pid = database._connection.info.backend_pid
    killer._run(lambda connection: connection.execute(f"SELECT pg_terminate_backend({pid})"))
    killer.close()

    with pytest.raises(DatabaseUnavailable):
        database.writeEncoded([record])
    database.writeEncoded([record])

    assert database.readLast("n") == 1


def test_a_server_that_never_answers_is_unavailable_soon(
    config: dict[str, Any], postgres_server: Server
) -> None:
    database = make(config, postgres_server.port, timeout=0.3)
    record = database.Encode({"timestamp": START_NS, "n": 1})
    database.writeEncoded([record])
    # The table's lock does what a hanging server does, without hurting the other tests.
    blocker = make(config, postgres_server.port)
    connection = blocker._connect()
    with connection.transaction():
        connection.execute(f"LOCK TABLE {database.schema.measurement} IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseUnavailable):
            database.writeEncoded([record])
    blocker.close()

    database.writeEncoded([record])
    database.close()


def test_nobody_listening_is_unavailable(config: dict[str, Any]) -> None:
    database = make(config, free_port())

    with pytest.raises(DatabaseUnavailable, match="refused"):
        database.writeEncoded([database.Encode({"timestamp": START_NS, "n": 1})])


def test_a_password_stays_out_of_the_target(config: dict[str, Any]) -> None:
    section = {"dsn": "postgresql://ann:very-secret@db.local:6000/bots"}
    database = TimescaleDb({**config, "timescale": section}, SandboxFactory({}), LiveTimer())

    assert database.target == "postgres db.local:6000/bots"


def test_a_server_named_twice_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="either dsn or host"):
        make(config, 1, host="db.local")

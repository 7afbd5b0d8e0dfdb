"""Records on their way to a database that is well, down, hanging, refusing, or gone for good."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib import async_ejector, ejector_writer
from lib.async_ejector import FieldsAsyncEjector, LogAsyncEjector, flush, stats, writer_of
from lib.database import InfluxDb, SqliteDb, TimescaleDb
from lib.defaults import DEFAULTS, Default
from lib.factory import SandboxFactory
from lib.redaction import remember
from lib.timer import LiveTimer, VirtualTimer
from tests import servers
from tests.lib.recording_db import RecordingDb, RefusingDb
from tests.server_fixtures import need

TIMER = LiveTimer()
FACTORY = SandboxFactory({})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """State folder of the test; writers end with it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(ejector_writer, "FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setitem(DEFAULTS, "spool.max_pause", Default("50ms", "duration", "test"))
    monkeypatch.setitem(DEFAULTS, "spool.batch_time", Default("20ms", "duration", "test"))
    yield tmp_path
    flush(2.0)


def make(cls: type[RecordingDb] = RecordingDb, **config: Any) -> RecordingDb:
    return cls({"project": "test", "name": "bot", "symbol": "BTCUSDT", **config}, FACTORY, TIMER)


def send(database: Any, numbers: range) -> None:
    for number in numbers:
        FieldsAsyncEjector(database, TIMER, n=number).start()


def soon(ask: Callable[[], bool], what: str) -> None:
    servers.poll(ask, 20.0, what)


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_records_arrive_in_order_and_in_batches() -> None:
    database = make()

    send(database, range(3_000))
    flush()

    assert database.written == numbers(3_000)
    assert max(database.batches) <= 1_000
    assert len(database.batches) < 300


def test_a_single_record_arrives_soon() -> None:
    database = make()

    send(database, range(1))

    soon(lambda: database.written == ["0"], "the record is written")


def test_one_writer_serves_all_objects_of_one_target() -> None:
    first, second = make(), make()
    before = threading.active_count()

    for number in range(200):
        send((first, second)[number % 2], range(number, number + 1))
    soon(lambda: len(first.written) == 200, "all are written")

    assert first.written == numbers(200)
    assert second.written == []
    assert threading.active_count() == before + 2


def test_a_database_that_is_down_at_start_gets_all_in_order_later() -> None:
    database = make(spool={"memory_records": 50})
    database.is_down.set()
    send(database, range(500))
    soon(lambda: stats()["recording"]["on_disk"] == 500, "all are on disk")
    send(database, range(500, 700))
    soon(lambda: stats()["recording"]["on_disk"] == 700, "the newer ones, too")

    database.is_down.clear()

    soon(lambda: len(database.written) == 700, "all are written")
    assert database.written == numbers(700)
    soon(lambda: stats()["recording"]["failures"] == 0, "the trouble is over")


def test_a_hanging_database_blocks_nobody_and_loses_nothing() -> None:
    database = make(spool={"memory_records": 10_000})
    database.may_answer.clear()
    send(database, range(100))
    assert database.was_asked.wait(10)

    send(database, range(100, 300))
    soon(lambda: stats()["recording"]["on_disk"] == 300, "what waits is brought to disk")
    database.may_answer.set()

    soon(lambda: len(database.written) >= 300, "all are written")
    assert database.written == numbers(300)


def test_flush_is_bounded_and_brings_the_rest_to_disk() -> None:
    database = make()
    database.may_answer.clear()
    send(database, range(100))
    assert database.was_asked.wait(10)
    send(database, range(100, 200))

    begin = time.monotonic()
    flush(0.4)
    assert time.monotonic() - begin < 2.0

    successor = make()
    send(successor, range(200, 250))
    soon(lambda: len(successor.written) == 250, "the next life writes all")
    assert successor.written == numbers(250)
    # The attempt that hung comes back to life, and must not disturb the successor's spool.
    database.may_answer.set()
    assert successor.written == numbers(250)


def test_a_next_process_continues_after_a_kill(folder: Path) -> None:
    code = (
        "import os, signal; from tests.lib.test_async_ejector import *\n"
        "database = make(); database.is_down.set(); send(database, range(300))\n"
        "soon(lambda: stats()['recording']['on_disk'] == 300, 'all are on disk')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert run.returncode == -9

    database = make()
    send(database, range(300, 310))

    soon(lambda: len(database.written) == 310, "all are written")
    assert database.written == numbers(310)


def test_another_bot_delivers_what_a_removed_one_left() -> None:
    gone = make(name="gone")
    gone.is_down.set()
    send(gone, range(100))
    flush(0.2)

    database = make(name="other")
    send(database, range(1_000, 1_001))

    soon(lambda: len(database.written) == 101, "all are written")
    assert sorted(map(int, database.written)) == [*range(100), 1_000]


def test_refused_records_are_counted_and_not_offered_again() -> None:
    database = make(RefusingDb)

    send(database, range(100))
    soon(lambda: stats()["recording"]["refused"] == 50, "all are settled")

    assert database.written == [str(number) for number in range(0, 100, 2)]
    soon(lambda: stats()["recording"]["written"] == 50, "the others are counted")


def test_a_record_that_breaks_an_adapter_is_singled_out() -> None:
    database = make()
    database.poison = "13"

    send(database, range(50))
    soon(lambda: stats()["recording"]["refused"] == 1, "all are settled")

    assert database.written == [text for text in numbers(50) if text != "13"]


def test_an_adapter_with_an_error_of_its_own_is_tried_again() -> None:
    database = make()
    database.raises = RuntimeError("a bug")
    send(database, range(10))
    soon(lambda: stats()["recording"]["failures"] > 1, "it was tried again")

    database.raises = None

    soon(lambda: database.written == numbers(10), "all are written")


def test_a_record_that_cannot_be_encoded_costs_only_itself() -> None:
    database = make()
    send(database, range(5))
    FieldsAsyncEjector(database, TIMER, n=None).start()
    FieldsAsyncEjector(database, TIMER, nothing=1).start()
    send(database, range(5, 10))
    flush()

    assert database.written == numbers(10)


def test_what_fits_nowhere_is_dropped_counted_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    database = make(spool={"memory_records": 10, "max_bytes": 100})
    database.is_down.set()

    with caplog.at_level(logging.ERROR, "lib.async_ejector"):
        send(database, range(500))
        soon(lambda: stats()["recording"]["dropped"] > 0, "some are dropped")
        soon(lambda: bool(caplog.records), "the loss is reported")

    counters = stats()["recording"]
    assert counters["accepted"] + counters["dropped"] == 500
    assert "records dropped" in caplog.text
    database.is_down.clear()
    soon(lambda: len(database.written) == counters["accepted"], "the others are written")
    assert database.written == numbers(counters["accepted"])


def test_the_hand_over_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ejector_writer, "HAND_OVER", 10)
    database = make(spool={"batch_time": 5.0})

    send(database, range(30))

    assert stats()["recording"]["dropped"] == 20
    flush()
    assert database.written == numbers(10)


def test_a_forked_child_has_a_writer_of_its_own(folder: Path) -> None:
    database = make()
    database.is_down.set()
    send(database, range(10))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        child = make(target="child")
        send(child, range(5))
        flush(5.0)
        os.write(writing, json.dumps(child.written).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        written = json.loads(pipe.read())
    os.waitpid(pid, 0)

    assert written == numbers(5)
    database.is_down.clear()
    soon(lambda: database.written == numbers(10), "the parent writes its own")


def test_times_are_made_different_and_a_virtual_clock_is_used() -> None:
    timer = VirtualTimer(5_000)
    config = {"project": "test", "sqlite": {"path": str(Path(os.environ["XDG_STATE_HOME"]) / "h")}}
    database = SqliteDb(config, FACTORY, timer)
    for price in range(3):
        FieldsAsyncEjector(database, timer, price=Decimal(price), symbol="BTCUSDT").start()
    FieldsAsyncEjector(database, timer, price=9, symbol="BTCUSDT", timestamp=7_000).start()
    flush()

    query = "SELECT time_ns, fields FROM records ORDER BY time_ns"
    rows = database._open().execute(query).fetchall()
    database.close()
    assert [time_ns for time_ns, _ in rows] == [5_000, 5_001, 5_002, 7_000]
    assert timer.Timestamp() == 5_000


def test_log_events_have_a_series_of_their_own_and_no_secrets() -> None:
    remember("my-very-secret")
    path = Path(os.environ["XDG_STATE_HOME"]) / "h"
    database = SqliteDb({"project": "test", "sqlite": {"path": str(path)}}, FACTORY, TIMER)
    fields = {"price": Decimal("1.5"), "error": ValueError("my-very-secret"), "token": "x"}
    LogAsyncEjector(database, TIMER, fields, "said my-very-secret", "WARNING").start()
    flush()

    rows = database._open().execute("SELECT series, tags, fields FROM records").fetchall()
    database.close()
    ((series, tags, stored),) = rows
    assert series == "test_log"
    assert json.loads(tags) == {"level": "warning"}
    event = json.loads(stored)
    assert event["message"] == "said ***"
    assert json.loads(event["data"]) == {
        "price": "1.5",
        "error": "ValueError: ***",
        "token": "***",
    }


@pytest.mark.parametrize("is_down", [False, True])
def test_start_takes_microseconds_in_an_outage_too(is_down: bool) -> None:
    database = make()
    if is_down:
        database.is_down.set()

    # Other processes of a busy machine count in, too: the best of three runs is ours.
    p99 = min(sorted(_paced_starts(database, 2_000))[-20] for _ in range(3))

    assert p99 < 100_000


def _paced_starts(database: RecordingDb, count: int) -> list[int]:
    # About 1,000/s, as a busy bot: each start begins when nobody holds the interpreter.
    pause = threading.Event()
    taken = []
    for number in range(count):
        if number % 5 == 0:
            pause.wait(0.005)
        begin = time.perf_counter_ns()
        FieldsAsyncEjector(database, TIMER, n=number).start()
        taken.append(time.perf_counter_ns() - begin)
    return taken


@pytest.mark.parametrize(
    "count", [30_000, pytest.param(600_000, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_ten_minutes_of_outage_are_replayed_whole(count: int) -> None:
    """600,000 records are ten minutes at 1,000/s; the short run has a twentieth."""
    timer = VirtualTimer()
    database = make(spool={"memory_records": 2_000})
    database.is_down.set()
    most = 0
    writer = writer_of(database)
    for number in range(count):
        FieldsAsyncEjector(database, timer, n=number).start()
        timer.advance(0.001)
        if number % 5_000 == 4_999:
            soon(lambda: not writer._queue, "the collector keeps up")
            most = max(most, stats()["recording"]["in_memory"])
    assert most <= 2_000

    database.is_down.clear()

    servers.poll(lambda: len(database.written) >= count, 300, "all are written")
    assert database.written == numbers(count)
    assert stats()["recording"]["dropped"] == 0


@pytest.mark.server
@pytest.mark.process
def test_an_influxdb_that_dies_while_it_writes_gets_all(folder: Path) -> None:
    need("influxd")
    home = folder / "influx"
    home.mkdir()
    port = servers.free_port()
    section = {"url": f"http://127.0.0.1:{port}", "database": "bots", "timeout": 0.5}
    database = InfluxDb({"project": "dying", "influx": section}, FACTORY, TIMER)
    with servers.influx(port, home) as server:
        send(database, range(500))
        soon(lambda: database.readLast("n") == 499, "the first are written")
        server.freeze()
        send(database, range(500, 1_000))
        soon(lambda: stats()[database.target]["failures"] > 0, "it is noticed")
        server.process.kill()
    send(database, range(1_000, 1_500))
    soon(lambda: stats()[database.target]["on_disk"] >= 1_000, "what waits is on disk")
    with servers.influx(port, home):
        soon(lambda: stats()[database.target]["in_memory"] == 0, "memory is empty")
        soon(lambda: stats()[database.target]["on_disk"] == 0, "the disk, too")
        answer = database._query('SELECT "n" FROM "dying"')
    values = answer["results"][0]["series"][0]["values"]
    assert [value for _, value in values] == list(range(1_500))
    assert [when for when, _ in values] == sorted(when for when, _ in values)


@pytest.mark.server
@pytest.mark.process
def test_a_postgres_that_hangs_gets_all() -> None:
    need("postgres", "psycopg")
    with servers.postgres() as server:
        dsn = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres"
        config = {"project": "hanging", "timescale": {"dsn": dsn, "timeout": 0.5}}
        database = TimescaleDb(config, FACTORY, TIMER)
        send(database, range(500))
        soon(lambda: database.readLast("n") == 499, "the first are written")
        server.freeze()
        send(database, range(500, 1_000))
        soon(lambda: stats()[database.target]["on_disk"] == 500, "what waits is on disk")
        server.thaw()
        soon(lambda: stats()[database.target]["on_disk"] == 0, "the disk is empty")
        rows = database._run(
            lambda connection: connection.execute(
                "SELECT fields->>'n' FROM hanging ORDER BY time_ns"
            ).fetchall()
        )
        assert [int(row[0]) for row in rows] == list(range(1_000))
        flush()


def test_a_pause_grows_is_bounded_and_obeys_the_database() -> None:
    database = make()
    send(database, range(1))
    writer = writer_of(database)
    soon(lambda: not writer._flight, "it is idle")

    writer.failures = 1
    assert 0.01 <= writer._pause() <= 0.02
    writer.failures = 100
    assert 0.025 <= writer._pause() <= 0.05
    writer._asked_pause = 7.0
    assert writer._pause() == 7.0


def test_the_size_of_a_batch_is_the_user_s() -> None:
    database = make(spool={"batch_records": 7, "batch_time": 0.05})

    send(database, range(30))
    flush()

    assert database.written == numbers(30)
    assert max(database.batches) == 7


def test_flush_without_writers_is_nothing() -> None:
    flush(0.0)

    assert async_ejector.stats() == {}

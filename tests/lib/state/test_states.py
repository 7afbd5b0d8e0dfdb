"""The state stores: contract, crashes, damage, databases out of reach."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.async_ejector import flush
from lib.database import AbstractDatabase, DatabaseUnavailable, InfluxDb, SqliteDb
from lib.errors import ConfigError
from lib.factory import CustomFactory, LocalFactory
from lib.state import AbstractState, DbState, MemoryState, SqliteState
from lib.state.envelope import seal, unseal
from lib.timer import LiveTimer
from tests.contracts.state import STATE, StateContract, States
from tests.server_fixtures import influx_server  # noqa: F401 - fixture
from tests.servers import Server

CONFIG = {"project": "test", "name": "quoter"}
TIMER = LiveTimer()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State folder of the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


class DownDb(SqliteDb):
    """A database nobody reaches."""

    def writeEncoded(self, records: list[str]) -> None:
        raise DatabaseUnavailable("down")

    def readLast(self, field: str) -> Any | None:
        raise DatabaseUnavailable("down")


def make_states(
    state: type[AbstractState], database: type[AbstractDatabase] = SqliteDb, **sections: Any
) -> Iterator[States]:
    factory = CustomFactory({}, state=state, database=database)
    made: list[Any] = []

    def one(symbol: str = "BTCUSDT") -> AbstractState:
        made.append(state({**CONFIG, **sections, "symbol": symbol}, factory, TIMER))
        return made[-1]  # type: ignore[no-any-return]

    yield one
    flush()
    for state_made in made:
        if hasattr(state_made, "close"):
            state_made.close()


class TestMemoryState(StateContract):
    survives = False

    @pytest.fixture
    def states(self) -> Iterator[States]:
        yield from make_states(MemoryState)


class TestSqliteState(StateContract):
    @pytest.fixture
    def states(self) -> Iterator[States]:
        yield from make_states(SqliteState)


class TestDbState(StateContract):
    @pytest.fixture
    def states(self) -> Iterator[States]:
        yield from make_states(DbState)


class TestDbStateOnAnotherMachine(StateContract):
    """The local file is gone when the next life starts: the database is all there is."""

    @pytest.fixture
    def states(self, folder: Path) -> Iterator[States]:
        yield from make_states(DbState, sqlite={"path": str(folder / "server.db")})

    def end(self, state: AbstractState) -> None:
        assert isinstance(state, DbState)
        flush()
        state.close()
        state._local.path.unlink()


@pytest.mark.server
class TestDbStateInInflux(StateContract):
    @pytest.fixture
    def states(
        self,
        influx_server: Server,  # noqa: F811 - fixture
        request: pytest.FixtureRequest,
    ) -> Iterator[States]:
        section = {"url": influx_server.url, "database": "bots"}
        yield from make_states(
            DbState, InfluxDb, influx={**section, "measurement": request.node.name}
        )

    def end(self, state: AbstractState) -> None:
        TestDbStateOnAnotherMachine.end(self, state)  # type: ignore[arg-type]


class TestDbStateWithoutDatabase(StateContract):
    @pytest.fixture
    def states(self) -> Iterator[States]:
        yield from make_states(DbState, DownDb)


def sqlite_state(symbol: str = "BTCUSDT") -> SqliteState:
    return SqliteState({**CONFIG, "symbol": symbol}, LocalFactory({}), TIMER)


def test_a_kill_at_any_instant_leaves_a_whole_state(folder: Path) -> None:
    code = """
import itertools, sys
from tests.lib.state.test_states import sqlite_state
state = sqlite_state()
for step in itertools.count():
    state.Push({"step": step, "copies": [step] * 2000})
    print(step, flush=True)
"""
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ
        )
        assert process.stdout is not None
        with process.stdout:
            told = 0
            while told < 20:
                told = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        process.wait()
        told = int(rest[-1]) if rest else told

        state = sqlite_state()
        found = state.Pop()
        state.close()
        assert found["step"] in (told, told + 1)
        assert found["copies"] == [found["step"]] * 2000


def test_a_damaged_generation_gives_way_to_the_one_before() -> None:
    state = sqlite_state()
    state.Push({"step": 1})
    state.Push({"step": 2})
    state.close()
    with sqlite3.connect(state.path) as connection:
        connection.execute("UPDATE pushes SET text = replace(text, '\"step\":2', '\"step\":3')")
    connection.close()

    assert sqlite_state().Pop() == {"step": 1}


@pytest.mark.parametrize("damage", ["checksums", "no database", "empty json"])
def test_a_damaged_state_is_never_taken_for_none(damage: str) -> None:
    state = sqlite_state()
    state.Push(STATE)
    state.close()
    if damage == "no database":
        state.path.write_bytes(b"\0" * 8192)
        for more in state.path.parent.glob("*-wal"):
            more.unlink()
    else:
        with sqlite3.connect(state.path) as connection:
            text, crc = ("{}", 2745614147) if damage == "empty json" else ("{}", 1)
            connection.execute("UPDATE pushes SET text = ?, crc = ?", (text, crc))
        connection.close()

    with pytest.raises(ConfigError, match="damaged") as caught:
        sqlite_state().Pop()
    assert str(state.path) in str(caught.value)


def test_a_newer_version_is_refused() -> None:
    state = sqlite_state()
    text = seal({"step": 1}, 5).replace('"version":1', '"version":2')

    with pytest.raises(ConfigError, match="version 2, this program reads 1"):
        unseal(text, str(state.path))


def test_a_folder_that_cannot_be_written_is_one_clear_error(folder: Path) -> None:
    (folder / "tickvisor").write_text("a file where a folder should be")

    with pytest.raises(ConfigError, match="cannot be stored"):
        sqlite_state().Push({"step": 1})


def test_old_generations_leave_the_file() -> None:
    state = sqlite_state()
    for step in range(100):
        state.Push({"step": step})

    (count,) = state._open().execute("SELECT count(*) FROM pushes").fetchone()
    state.close()
    assert count == 8


def test_names_that_look_alike_have_files_of_their_own() -> None:
    paths = {sqlite_state(symbol).path for symbol in ("A/B", "A_B", "A%2fB", "a_b", "A B")}

    assert len(paths) == 5


def test_the_newer_of_local_and_remote_counts(folder: Path) -> None:
    (states,) = [*make_states(DbState, sqlite={"path": str(folder / "server.db")})]
    mine = states()
    assert isinstance(mine, DbState)
    mine.Push({"step": 1})
    flush()
    moved = DbState(
        {**CONFIG, "symbol": "BTCUSDT", "sqlite": {**mine.config["sqlite"], "state": str(folder)}},
        mine.factory,
        TIMER,
    )
    assert moved.Pop() == {"step": 1}
    moved.Push({"step": 2})
    flush()

    assert mine.Pop() == {"step": 2}
    mine.close()
    moved.close()


def test_a_start_without_database_and_local_copy_is_told_loudly(
    capsys: pytest.CaptureFixture[str],
) -> None:
    factory = CustomFactory({}, state=DbState, database=DownDb)
    state = DbState({**CONFIG, "symbol": "BTCUSDT"}, factory, TIMER)

    assert state.Pop() == {}

    assert "starts empty" in capsys.readouterr().err
    state.Push({"step": 1})
    assert state.Pop() == {"step": 1}
    assert "took the local one" in capsys.readouterr().err
    flush(0.2)
    state.close()

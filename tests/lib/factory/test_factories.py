"""Factories: which class plays which role, by class, by name, by file."""

import subprocess
import sys
from pathlib import Path

import pytest

from lib.database import FakeDb, InfluxDb, NoDb, SqliteDb, TimescaleDb
from lib.errors import ConfigError
from lib.factory import (
    AbstractFactory,
    CustomFactory,
    LiveFactory,
    LocalFactory,
    SandboxFactory,
    make_factory,
)
from lib.logger import ConsoleLogger, DbLogger
from lib.registry import ADAPTERS, find
from lib.state import DbState, MemoryState, SqliteState
from lib.timer import LiveTimer, VirtualTimer
from lib.vault import ConfigVault, EnvVault
from tests.contracts.factory import FactoryContract

ROLES = ("Vault", "Database", "Timer", "Logger", "State")


def parts(factory: AbstractFactory) -> tuple[type, ...]:
    return tuple(getattr(factory, role) for role in ROLES)


@pytest.mark.parametrize(
    ("factory", "wanted"),
    [
        (LiveFactory({}), (ConfigVault, InfluxDb, LiveTimer, DbLogger, DbState)),
        (SandboxFactory({}), (EnvVault, FakeDb, LiveTimer, ConsoleLogger, MemoryState)),
        (LocalFactory({}), (EnvVault, SqliteDb, LiveTimer, ConsoleLogger, SqliteState)),
        (
            CustomFactory({}, ConfigVault, NoDb, VirtualTimer, DbLogger, SqliteState),
            (ConfigVault, NoDb, VirtualTimer, DbLogger, SqliteState),
        ),
    ],
)
def test_each_factory_has_its_classes(factory: AbstractFactory, wanted: tuple[type, ...]) -> None:
    assert parts(factory) == wanted


def test_parts_are_overridden_by_name() -> None:
    spec = {"name": "LiveFactory", "parts": {"database": "TimescaleDb", "logger": "ConsoleLogger"}}

    factory = make_factory(spec, {"project": "x"})

    assert parts(factory) == (ConfigVault, TimescaleDb, LiveTimer, ConsoleLogger, DbState)
    assert factory.config == {"project": "x"}
    assert LiveFactory({}).Database is InfluxDb


def test_a_part_may_be_a_dotted_path_or_a_file(tmp_path: Path) -> None:
    own = tmp_path / "own_db.py"
    own.write_text("from lib.database import NoDb\nclass OwnDb(NoDb): pass\n")
    spec = {"parts": {"database": str(own), "state": "lib.state.sqlite_state:SqliteState"}}

    factory = make_factory(spec, {})

    assert factory.Database.__name__ == "OwnDb"
    assert factory.State is SqliteState


def test_a_factory_may_be_a_user_s_own(tmp_path: Path) -> None:
    own = tmp_path / "own_factory.py"
    own.write_text("from lib.factory import SandboxFactory\nclass Own(SandboxFactory): pass\n")

    assert type(make_factory({"name": str(own)}, {})).__name__ == "Own"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "NoFactory"}, "unknown factory 'NoFactory'; known: LiveFactory"),
        ({"parts": {"database": "NoSuchDb"}}, "unknown database 'NoSuchDb'; known: FakeDb"),
        ({"parts": {"kitchen": "X"}}, "factory has no part 'kitchen'; known: vault, database"),
        ({"parts": {"database": "lib.state.memory_state:MemoryState"}}, "AbstractDatabase"),
    ],
)
def test_a_wrong_name_is_one_clear_error(spec: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        make_factory(spec, {})

    assert "\n" not in str(caught.value)


def test_an_incomplete_factory_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "incomplete.py"
    own.write_text("from lib.factory import AbstractFactory\nclass Own(AbstractFactory): pass\n")

    with pytest.raises(ConfigError, match="Own needs a class as its Vault"):
        make_factory({"name": str(own)}, {})


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (role, name)
        for role in ("factory", "database", "logger", "state", "vault", "timer")
        for name in ADAPTERS[role]
    ],
)
def test_every_registered_name_is_a_class(role: str, name: str) -> None:
    assert find(role, name).__name__ == name


def test_no_import_of_the_library_loads_a_heavy_one() -> None:
    code = (
        "import sys; from lib import factory, database, logger, state, vault, async_ejector;"
        "from lib import watchdog, loading, serialize, redaction;"
        "heavy = {'influxdb_client', 'binance', 'psycopg', 'hvac', 'keyring', 'requests', 'zmq',"
        " 'aiohttp', 'rich', 'urllib3'}; print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"


class TestContract(FactoryContract):
    @pytest.fixture(params=[LiveFactory, SandboxFactory, LocalFactory, CustomFactory, "parts"])
    def factory(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> AbstractFactory:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        influx = {"url": "http://127.0.0.1:9", "database": "bots"}
        config = {"project": "t", "name": "bot", "symbol": "BTCUSDT", "influx": influx}
        if request.param == "parts":
            parts = {"vault": "KeyringVault", "database": "TimescaleDb", "timer": "VirtualTimer"}
            return make_factory({"name": "LiveFactory", "parts": parts}, config)
        made: AbstractFactory = request.param(config)
        return made

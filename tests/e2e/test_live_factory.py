"""What the fork server imports ahead for a run: a database's client, and what the user names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import System, make_system, sandbox, until
from tests.e2e.matrix import events

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
# nobody serves it: records are spooled
AWAY = {"url": "http://127.0.0.1:1", "org": "desk", "bucket": "bots", "token": "x"}
LIVE = {"factory": "LiveFactory", "influx": AWAY}
HEAVY = {"preload": ["sqlite3", "no_such_module"]}


@pytest.fixture
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    with make_system(sandbox("ahead") | request.param) as made:
        yield made


def told(system: System) -> list[tuple[str, str]]:
    names = {"not preloaded", "not started", "fork server ended"}
    return [(one["event"], one["reason"]) for one in events(system, 0) if one["event"] in names]


@pytest.mark.parametrize("system", [LIVE], indirect=True)
def test_production_factory_starts_and_spools_while_its_database_is_away(system: System) -> None:
    system.start()
    assert told(system) == []
    until("something is spooled", lambda: spooled(system.folder))
    assert system.stop().returncode == 0


@pytest.mark.parametrize("system", [HEAVY], indirect=True)
def test_what_cannot_be_imported_ahead_is_told(system: System) -> None:
    system.start()
    why = "no_such_module: ModuleNotFoundError: No module named 'no_such_module'"
    assert told(system) == [("not preloaded", why)]
    assert system.stop().returncode == 0


def spooled(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if "spool" in path.parts and path.is_file()]
    return [path for path in files if path.stat().st_size]

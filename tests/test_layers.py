"""Who may import whom, and what importing costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"binance", "influxdb_client", "psycopg", "hvac", "aiohttp", "rich", "requests", "pandas"}
IO = {"aiohttp", "asyncio", "binance", "multiprocessing", "socket", "subprocess", "threading",
      "time", "zmq"}  # fmt: skip
CHEAP = {
    # Module -> what importing it must not load.
    "lib.database": HEAVY | {"zmq"},
    "lib.exchange": HEAVY | {"zmq"},
    "lib.factory": HEAVY | {"zmq"},
    "lib.logger": HEAVY | {"zmq"},
    "lib.models": HEAVY | {"zmq", "asyncio"},
    "lib.state": HEAVY | {"zmq"},
    "lib.stream": HEAVY | {"zmq"},
    "lib.timer": HEAVY | {"zmq"},
    "lib.vault": HEAVY | {"zmq"},
    "lib.bus.protocol": HEAVY | {"zmq", "asyncio"},
    "bot": HEAVY | {"zmq"},
    # `supervisor status` has 80 ms.
    "supervisor.cli": HEAVY | {"zmq", "yaml", "msgspec", "msgpack", "loguru", "asyncio"},
}


def test_the_contracts_of_import_linter_are_kept() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("module", sorted(CHEAP))
def test_importing_loads_nothing_heavy(module: str) -> None:
    script = f"import {module}, sys; print(*{{name.split('.')[0] for name in sys.modules}})"

    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert CHEAP[module] & set(loaded) == set()


def pure_files() -> list[Path]:
    """Return the files whose first line says that they are pure."""
    return [
        path
        for folder in ("lib", "bot", "supervisor", "workers")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "(pure" in path.read_text(encoding="utf-8").partition("\n")[0]
    ]


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports anywhere, in full."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", pure_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_calls_itself_pure_does_no_io(path: Path) -> None:
    assert {name.partition(".")[0] for name in imports(path)} & IO == set()


def test_only_the_venue_worker_and_backtests_use_the_venue() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("lib", "bot", "supervisor", "workers")
        for path in (ROOT / folder).rglob("*.py")
        if any(f"{name}.".startswith("lib.venue.") for name in imports(path))
    }

    allowed = ("lib/venue/", "lib/backtest/", "workers/venue")
    assert [user for user in sorted(users) if not user.startswith(allowed)] == []


def test_no_python_file_hides_pyyaml() -> None:
    assert list((ROOT / "yaml").rglob("*.py")) == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}

    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_package_is_ignored_by_git() -> None:
    result = subprocess.run(
        ["git", "check-ignore", "lib/errors.py", "tests/lib/__init__.py", "yaml/sandbox.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout == ""

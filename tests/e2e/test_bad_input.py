"""Whatever is wrong is told in one line, with its place, and nothing is left behind."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

import yaml
from tests.e2e.harness import ROOT, System, make_system, sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

VARIABLES = ("BINANCE_KEY", "BINANCE_SECRET", "INFLUX_TOKEN", "INFLUX_URL")
CONFIG = """\
project: bad
venue: {feed: synthetic}
watchdog: {book: 3s}
bots:
  - name: quoter
    bot: QuoterBot
    symbols: [BTCUSDT]
"""
NO_CLEAN = "from bot.abstract_bot import AbstractBot\n\n\nclass Messy(AbstractBot):\n    pass\n"


class Case(NamedTuple):
    """A change of CONFIG and what is said about it; `{}` stands for the folder."""

    old: str
    new: str
    said: tuple[str, ...]


CASES = {
    "yaml syntax error": Case("[BTCUSDT]", "[BTCUSDT", ("{}/bad.yaml:8: YAML: ",)),
    "unknown key": Case("{book:", "{bok:", ("{}/bad.yaml:3: ", "'watchdog.bok'", "'book'")),
    "duration without unit": Case("3s", "3", ("{}/bad.yaml:3: ", "watchdog.book", "3s")),
    "wrong type": Case("[BTCUSDT]", "7", ("{}/bad.yaml:7: ", "symbols", "list")),
    "symbol in lower case": Case("BTCUSDT", "btcusdt", ("{}/bad.yaml:7: ", "BTCUSDT")),
    "unknown symbol": Case("BTCUSDT", "BTCUSDX", ("{}/bad.yaml:7: ", "BTCUSDX", "BTCUSDT")),
    "symbol that the venue leaves out": Case(
        "synthetic", "synthetic, symbols: [ETHUSDT]", ("{}/bad.yaml:7: ", "BTCUSDT", "ETHUSDT")
    ),
    "unknown bot": Case("QuoterBot", "QuotBot", ("{}/bad.yaml:6: ", "'QuotBot'", "QuoterBot")),
    "missing bot file": Case("QuoterBot", "nowhere.py", ("{}/bad.yaml:6: ", "nowhere.py")),
    "bot with a syntax error": Case(
        "QuoterBot", "broken.py", ("{}/bad.yaml:6: ", "SyntaxError", "broken.py, line 2")
    ),
    "bot that fails to import": Case(
        "QuoterBot", "importing.py", ("{}/bad.yaml:6: ", "No module named 'no_such_module'")
    ),
    "bot without Clean": Case("QuoterBot", "no_clean.py", ("{}/bad.yaml:6: ", "Messy", "Clean")),
    "missing recording": Case(
        "synthetic", "recording, files: [none.gz]", ("{}/bad.yaml:2: ", "none.gz")
    ),
    "missing variable": Case(
        "BTCUSDT]", "BTCUSDT]\n    width: ${NO_WIDTH}", ("{}/bad.yaml:8: ", "NO_WIDTH")
    ),
    "two bots on one symbol": Case(
        "bots:", "bots:\n  - {name: other, bot: SandboxBot, symbols: [BTCUSDT]}",
        ("{}/bad.yaml:8: ", "BTCUSDT", "'other'"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with make_system(sandbox("bad")) as made:
        for name in VARIABLES:
            made.environment.pop(name, None)
        (made.folder / "broken.py").write_text("import os\nclass Broken(:\n")
        (made.folder / "importing.py").write_text("import no_such_module\n")
        (made.folder / "no_clean.py").write_text(NO_CLEAN)
        yield made


def start(system: System, config: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = system.folder / "bad.yaml"
    path.write_text(config)
    return system.run("start", str(path), *arguments)


def refused(system: System, done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    """One line on stderr with these words in it, this exit code, and nothing left."""
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("supervisor")
    assert done.stderr.count("\n") == 1, done.stderr
    for words in said:
        assert words in done.stderr, done.stderr
    assert processes_of(system) == []
    assert [path for path in (system.folder / "run").rglob("*") if not path.is_dir()] == []


def processes_of(system: System) -> list[psutil.Process]:
    """Return every process that knows of this system's folder."""
    mark = str(system.folder).encode()
    found = []
    for process in psutil.process_iter():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:
            continue
        if mark in environment and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_wrong_configuration_is_refused(system: System, case: Case) -> None:
    assert case.old in CONFIG

    done = start(system, CONFIG.replace(case.old, case.new))

    refused(system, done, 2, *(words.format(system.folder) for words in case.said))


def test_missing_file_is_refused(system: System) -> None:
    refused(system, system.run("start", "nowhere.yaml"), 2, "nowhere.yaml", "no such file")


def test_missing_added_file_is_refused(system: System) -> None:
    done = start(system, CONFIG, "--add", "nowhere.yaml")

    refused(system, done, 2, "nowhere.yaml", "no such file")


def test_error_in_an_added_file_has_the_place_in_that_file(system: System) -> None:
    more = system.folder / "more.yaml"
    more.write_text("# more\nwatchdog: {bok: 1s}\n")

    done = start(system, CONFIG, "--add", str(more))

    refused(system, done, 2, f"{more}:2: ", "'book'")


def test_detached_start_tells_the_same(system: System) -> None:
    done = start(system, CONFIG.replace("BTCUSDT", "BTCUSDX"), "--detach")

    refused(system, done, 2, f"{system.folder}/bad.yaml:7: ", "BTCUSDX")


def test_taken_port_is_told(system: System) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = start(system, CONFIG.replace("synthetic", f"synthetic, port: {port}"))

    refused(system, done, 1, str(port), "taken")


@pytest.mark.parametrize("blocked", ["tickvisor", "tickvisor/bad"])
def test_file_in_the_place_of_the_runtime_folder_is_told(
    system: System, tmp_path: Path, blocked: str
) -> None:
    path = tmp_path / blocked
    path.parent.mkdir(exist_ok=True)
    path.touch()

    done = start_in(system, tmp_path)

    refused(system, done, 1, "runtime folder", str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use any folder")
def test_unreadable_runtime_folder_is_told(system: System, tmp_path: Path) -> None:
    folder = tmp_path / "shut"
    folder.mkdir(mode=0)

    done = start_in(system, folder)

    refused(system, done, 1, "runtime folder", str(folder), "Permission denied")


def start_in(system: System, runtime: Path) -> subprocess.CompletedProcess[str]:
    path = system.folder / "bad.yaml"
    path.write_text(CONFIG)
    before = system.environment["XDG_RUNTIME_DIR"]
    system.environment["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        return system.run("start", str(path))
    finally:
        system.environment["XDG_RUNTIME_DIR"] = before


def test_state_folder_that_is_a_file_is_told(system: System, tmp_path: Path) -> None:
    (tmp_path / "tickvisor").touch()
    before = system.environment["XDG_STATE_HOME"]
    system.environment["XDG_STATE_HOME"] = str(tmp_path)
    try:
        done = start(system, CONFIG)
    finally:
        system.environment["XDG_STATE_HOME"] = before

    refused(system, done, 1, "state folder", str(tmp_path))


def test_prod_without_keys_says_what_is_missing_and_where_to_put_it(system: System) -> None:
    done = system.run("start", "yaml/prod.yaml")

    places = ("yaml/prod.yaml:11: ", "BINANCE_KEY", "BINANCE_SECRET", "INFLUX_TOKEN", "export ")
    refused(system, done, 2, *places)
    assert not (system.folder / "run" / "tickvisor" / "prod").exists()


def test_prod_with_a_key_but_no_secret_names_the_secret_alone(system: System) -> None:
    names = {"BINANCE_KEY": "some-key", "INFLUX_TOKEN": "some-token"}
    system.environment |= names
    try:
        done = system.run("start", "yaml/prod.yaml")
    finally:
        for name in names:
            del system.environment[name]

    refused(system, done, 2, "yaml/prod.yaml:12: ", "BINANCE_SECRET")
    assert "BINANCE_KEY" not in done.stderr
    assert "some-" not in done.stderr


def test_no_keys_at_all_is_told_before_anything_starts(system: System) -> None:
    config: dict[str, Any] = yaml.safe_load(CONFIG)
    del config["venue"]
    config["BINANCE.FUTURES"] = {
        "rest_url": "http://127.0.0.1:9",
        "ws_url": "ws://127.0.0.1:9",
    }

    done = start(system, yaml.safe_dump(config))

    refused(system, done, 2, "key")
    assert "venue" not in done.stdout
    assert " started  pid" not in done.stdout.split("\n", 1)[1]


@pytest.mark.parametrize("path", sorted((ROOT / "yaml").glob("*.yaml")), ids=lambda path: path.stem)
def test_check_of_every_shipped_file_needs_no_key_and_no_network(
    system: System, path: Path
) -> None:
    before = sorted(system.folder.rglob("*"))

    done = system.run("check", str(path))

    assert done.returncode == 0, done.stderr
    assert "good" in done.stdout
    assert sorted(system.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "words", [["start"], ["nonsense"], ["start", "x.yaml", "--for", "10"], ["status", "--jsn"]]
)
def test_wrong_usage_is_told_in_one_line(system: System, words: list[str]) -> None:
    refused(system, system.run(*words), 2, "--help")


@pytest.mark.parametrize("command", ["status", "stop", "restart"])
def test_nothing_runs_is_told_with_its_own_exit_code(system: System, command: str) -> None:
    refused(system, system.run(command), 3, "supervisor start")


def test_a_good_start_works_after_all_these_refusals(system: System) -> None:
    done = start(system, CONFIG, "--for", "2s")

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert processes_of(system) == []

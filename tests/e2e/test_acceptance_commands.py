"""Commands while a worker is in any state, two at once, and what lies about from strangers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import processes
from tests.e2e.harness import BOTS, ROOT, SUPERVISOR, System, make_system, sandbox, until
from tests.e2e.ill_bots import LOOP
from tests.e2e.matrix import events

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ILL = f"{Path(__file__).with_name('ill_bots.py')}:IllBot"
BAD = "bot:ill:ETHUSDT"
GOOD = "bot:quoter:BTCUSDT"
BLOCKING = """\
import pathlib, time

pathlib.Path(__file__).with_name("importing").touch()
time.sleep(10**6)
"""
"""A bot's file that never loads."""
STOP_SECONDS = 3.0
SLACK = 8.0


def config(project: str, triggers: Path) -> dict[str, object]:
    bots = [
        {"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT"]},
        {"name": "ill", "bot": ILL, "symbols": ["ETHUSDT"], "triggers": str(triggers)},
    ]
    # long waits: a worker stays in backoff until a command ends it
    return sandbox(project, bots=bots, restart={"backoff": "25..30s", "limit": "1000 in 60s"})


@pytest.fixture(scope="module")
def triggers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("triggers")


@pytest.fixture(scope="module")
def system(triggers: Path) -> Iterator[System]:
    with make_system(config("states", triggers)) as made:
        yield made.start()


def lives(system: System, name: str) -> list[int]:
    """Return the pids of all processes that call themselves this worker of this run."""
    title = f"tickvisor {system.project}: {name}"
    found = []
    for process in psutil.process_iter(["cmdline"]):
        is_it = " ".join(process.info["cmdline"] or []).strip() == title
        if is_it and str(process.pid) in {str(pid) for pid in system.seen}:
            found.append(process.pid)
    return found


def many(system: System, *commands: list[str]) -> list[subprocess.CompletedProcess[str]]:
    """Run several command lines at the same time."""
    running = [
        subprocess.Popen(
            [*SUPERVISOR, *command],
            env=system.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    done = []
    for one in running:
        out, err = one.communicate(timeout=60)
        done.append(subprocess.CompletedProcess(one.args, one.returncode, out, err))
    return done


def test_restart_ends_a_backoff_and_gives_one_life(system: System, triggers: Path) -> None:
    (triggers / "ETHUSDT").write_text(LOOP)
    until("it waits", lambda: system.worker(BAD)["state"] == "backoff")
    good = system.worker(GOOD)["incarnation"]
    (triggers / "ETHUSDT").unlink()

    assert system.run("restart", BAD).returncode == 0

    until("it is back", lambda: system.worker(BAD)["state"] == "ready")
    assert lives(system, BAD) == [system.worker(BAD)["pid"]]
    assert system.worker(GOOD)["incarnation"] == good


def test_restarts_by_two_users_at_once_leave_one_life(system: System) -> None:
    before = system.worker(GOOD)

    done = many(system, ["restart", GOOD], ["restart", GOOD], ["restart", "bot:*"])

    assert {one.returncode for one in done} <= {0, 1}, done
    assert 0 in {one.returncode for one in done}
    for one in done:
        assert "Traceback" not in one.stderr
    system.until_replaced(before)
    system.until_running()
    system.status()
    assert lives(system, GOOD) == [system.worker(GOOD)["pid"]]


def test_restart_of_a_worker_that_is_starting_or_stopping_leaves_one_life(system: System) -> None:
    for _ in range(3):
        before = system.worker(GOOD)
        os.kill(before["pid"], signal.SIGTERM)  # it stops by itself, and is to start again
        assert system.run("restart", GOOD).returncode in (0, 1)
    system.until_running()
    assert lives(system, GOOD) == [system.worker(GOOD)["pid"]]


def test_stop_while_others_restart_wins(triggers: Path) -> None:
    with make_system(config("wins", triggers)) as system:
        system.start()
        status = system.status()

        done = many(
            system, ["restart", "bot:*"], ["stop", "--timeout", "20s"], ["stop", "--timeout", "20s"]
        )

        assert system.process is not None
        assert system.process.wait(30) == 0
        assert "Traceback" not in "".join(one.stderr for one in done)
        assert {done[1].returncode, done[2].returncode} <= {0, 3}
        assert system.survivors() == []
        assert not processes.lives(status["pid"])
        assert system.run("status").returncode == 3


@pytest.mark.parametrize("moment", ["started", "first beat"])
def test_stop_while_workers_start_leaves_nobody(triggers: Path, moment: str) -> None:
    with make_system(config("early", triggers)) as system:
        system.launch()
        log = system.log_dir / "events.jsonl"
        until("it begins", lambda: log.exists() and f'"{moment}"' in log.read_text())
        system.try_status()

        done = system.run("stop", "--timeout", "20s", seconds=60)

        assert done.returncode in (0, 3), done.stderr
        assert system.process is not None
        assert system.process.wait(30) in (0, 1)
        assert system.survivors() == []


def test_stop_while_a_bot_never_loads_leaves_nobody(tmp_path: Path) -> None:
    (tmp_path / "blocking.py").write_text(BLOCKING)
    bots = [{"name": "q", "bot": str(tmp_path / "blocking.py"), "symbols": ["BTCUSDT"]}]
    with make_system(sandbox("check", bots=bots)) as system:
        process = system.launch()
        until("it is imported", (tmp_path / "importing").exists)
        family = psutil.Process(process.pid).children(recursive=True)

        assert system.interrupt() == 0, system.output

        assert [one for one in family if one.is_running()] == []
        assert "ended with" not in system.output


def test_stop_is_bounded_whoever_refuses_to_go() -> None:
    bots = [
        {"name": "clinging", "bot": f"{BOTS}:ClingingBot", "symbols": ["BTCUSDT"]},
        {"name": "quoter", "bot": "QuoterBot", "symbols": ["ETHUSDT"]},
    ]
    with make_system(sandbox("bounded", bots=bots, restart={"grace": "60s"})) as system:
        system.start()
        family = psutil.Process(system.status()["pid"]).children(recursive=True)
        began = time.monotonic()

        system.run("stop", "--timeout", f"{STOP_SECONDS:g}s", seconds=60)

        assert system.process is not None
        system.process.wait(30)
        assert time.monotonic() - began < STOP_SECONDS + SLACK
        assert [one for one in family if one.is_running()] == []


def test_leftovers_of_strangers_are_no_hindrance_and_nobody_is_hurt(triggers: Path) -> None:
    with make_system(config("left", triggers)) as system:
        stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            system.run_dir.mkdir(parents=True)
            for folder in (system.run_dir.parent, system.run_dir):
                folder.chmod(0o700)
            # a pid that was given away again: the same number, another start time
            recycled = psutil.Process(stranger.pid).create_time() - 1000
            lives = [[stranger.pid, recycled, GOOD]]
            (system.run_dir / "lives.json").write_text(json.dumps(lives))
            (system.run_dir / "lock").write_text(f"{stranger.pid}\n")
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(system.run_dir / "control"))

            system.start()

            assert stranger.poll() is None
            assert system.stop().returncode == 0
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.communicate()


def test_dependency_on_nobody_is_refused(tmp_path: Path) -> None:
    with make_system(sandbox("nobody", restart={"restarts_with": ["nobody"]})) as system:
        done = system.run("check", str(system.config))

        assert done.returncode == 2
        assert "nobody" in done.stderr
        assert done.stderr.count("\n") == 1


def test_every_life_had_one_start_and_one_end(system: System) -> None:
    running: dict[str, bool] = {}
    for one in events(system, 0):
        if one["event"] == "started" and one["worker"] != "supervisor":
            assert not running.get(one["worker"]), one
            running[one["worker"]] = True
        elif one["event"] == "exited":
            running[one["worker"]] = False
    assert all(running.values())

"""Every way down ends every process and leaves no order that adds risk; `Clean` has run.

Others: the terminal that closes and the second Ctrl-C in `test_no_leaks`, SIGTERM and SIGINT in
`test_main_job`, stops that stay on purpose in `test_kept_orders`.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.harness import BOTS, System, make_system, sandbox, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue
from tests.processes import lives

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

OWN = ("ETHUSDT", "SOLUSDT")


@pytest.fixture(scope="module")
def venue() -> Iterator[OuterVenue]:
    with make_outer_venue("--symbols", "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT", "--seed", "3") as made:
        yield made


def config_of(venue: OuterVenue, folder: Path, project: str) -> dict[str, Any]:
    quoter = {"name": "quoter", "bot": "QuoterBot", "symbols": list(OWN)}
    neat = {
        "name": "neat",
        "bot": f"{BOTS}:NeatBot",
        "symbols": ["BTCUSDT"],
        "folder": str(folder),
    }
    config = sandbox(project, bots=[quoter, neat])
    del config["venue"]
    section = {**venue.urls, "key": venue.key, "secret": venue.secret, "dead_man": "60s"}
    return config | {"BINANCE.FUTURES": section}


@pytest.fixture
def system(venue: OuterVenue, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[System]:
    project = f"down{abs(hash(request.node.name)) % 1000}"
    with make_system(config_of(venue, tmp_path, project)) as made:
        made.config.chmod(0o600)
        # of a run that ended without a word; the pid is a stranger's by now
        made.run_dir.mkdir(parents=True, mode=0o700)
        (made.run_dir / "lock").write_text(f"{os.getpid()}\n")
        made.start()
        until("both quote", lambda: {row["symbol"] for row in venue.open_orders()} >= set(OWN))
        until("the bot has started a process", (tmp_path / "child").exists)
        yield made


def assert_all_is_gone(system: System, venue: OuterVenue, folder: Path) -> None:
    until("every process is gone", lambda: not system.survivors(), 10)
    assert venue.open_orders() == []
    assert (folder / "cleaned").exists()
    child = int((folder / "child").read_text())
    until("what the bot started is gone", lambda: not lives(child), 10)


def workers(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.status()["workers"]
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_supervisor(
    system: System, venue: OuterVenue, tmp_path: Path, number: signal.Signals
) -> None:
    assert system.interrupt(number) == 0

    assert_all_is_gone(system, venue, tmp_path)
    assert not system.run_dir.exists()


def test_the_stop_command_after_a_second_start_was_refused(
    system: System, venue: OuterVenue, tmp_path: Path
) -> None:
    assert system.process is not None
    second = system.run("start", str(system.config))
    assert second.returncode == 1
    assert f"already running with pid {system.process.pid}" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1

    assert system.stop().returncode == 0

    assert_all_is_gone(system, venue, tmp_path)


def test_shutdown_of_the_machine_tells_everybody_at_once(
    system: System, venue: OuterVenue, tmp_path: Path
) -> None:
    everybody = [one["pid"] for one in workers(system)]
    assert system.process is not None
    everybody += [child.pid for child in psutil.Process(system.process.pid).children()]

    for pid in {*everybody, system.process.pid}:
        os.kill(pid, signal.SIGTERM)

    assert system.process.wait(20) == 0, system.logs()
    assert_all_is_gone(system, venue, tmp_path)


def test_the_supervisor_is_killed(system: System, venue: OuterVenue, tmp_path: Path) -> None:
    workers(system)
    assert system.process is not None

    system.process.kill()
    system.process.wait()

    assert_all_is_gone(system, venue, tmp_path)


def test_a_worker_that_was_frozen_when_the_supervisor_was_killed_is_ended_by_the_next_start(
    system: System, venue: OuterVenue, tmp_path: Path
) -> None:
    frozen = system.worker("bot:neat:BTCUSDT")["pid"]
    child = int((tmp_path / "child").read_text())
    assert system.process is not None

    system.process.kill()
    os.kill(frozen, signal.SIGSTOP)
    system.process.wait()
    until("all others are gone", lambda: system.survivors() == [frozen], 15)
    assert lives(child)
    (tmp_path / "child").unlink()
    system.launch()
    until("the frozen one is gone", lambda: not lives(frozen), 20)
    until("what it had started is gone", lambda: not lives(child), 10)
    system.until_running()

    assert [one["name"] for one in workers(system)].count("bot:neat:BTCUSDT") == 1
    assert "left behind by a former run" in system.history()
    assert system.stop().returncode == 0
    assert_all_is_gone(system, venue, tmp_path)


def test_a_stop_with_a_timeout_is_over_in_time(venue: OuterVenue, tmp_path: Path) -> None:
    config = config_of(venue, tmp_path, "bounded")
    config["BINANCE.FUTURES"]["dead_man"] = "10s"
    config["bots"].append(
        {
            "name": "clinging",
            "bot": f"{BOTS}:ClingingBot",
            "symbols": ["XRPUSDT"],
            "restart": {"grace": "60s"},
        }
    )
    with make_system(config) as system:
        system.start()
        until("both quote", lambda: {row["symbol"] for row in venue.open_orders()} >= set(OWN))

        # before the bot's own last resort, which comes after 3 s
        done = system.run("stop", "--timeout", "1s", seconds=30)

        assert done.returncode in (0, 1)
        assert "forced to stop: time-out" in system.history()
        until("every process is gone", lambda: not system.survivors(), 10)
        # by the exchange worker in its two seconds; on a crowded machine by the dead-man switch
        until("no order rests", lambda: not venue.open_orders(), 20)

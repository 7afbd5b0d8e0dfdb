"""Nothing grows with restarts, nothing is left behind, however a run is disturbed or ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.harness import (
    BOTS,
    SECONDS,
    SUPERVISOR,
    SYMBOLS,
    System,
    make_system,
    sandbox,
    until,
)
from tests.processes import commands, lives

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

BOT = "bot:quoter:BTCUSDT"
KILLS = 20
STOPPED_SECONDS = 5.0
PATIENT = {"limit": "1000 in 60s", "backoff": "0..1s"}


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with make_system(sandbox("leaks", restart=PATIENT)) as made:
        yield made.start()


def descriptors(pid: int) -> list[str]:
    """Return what a process has open, without the numbers of pipes and sockets."""
    folder = Path(f"/proc/{pid}/fd")
    links = []
    for entry in list(folder.iterdir()):
        try:
            links.append(str(entry.readlink()))
        except FileNotFoundError:
            continue  # closed since it was listed
    return sorted(link.split(":[")[0] for link in links)


def children(pid: int) -> int:
    return len(psutil.Process(pid).children(recursive=True))


def test_twenty_kills_leave_no_descriptor_and_no_process(system: System) -> None:
    status = system.until_running()
    supervisor = status["pid"]
    [server] = [pid for pid, line in commands(supervisor).items() if "fork server" in line]
    before = {pid: descriptors(pid) for pid in (supervisor, server)}
    processes = children(supervisor)

    for _ in range(KILLS):
        victim = system.worker(BOT)
        os.kill(victim["pid"], signal.SIGKILL)
        system.until_replaced(victim)

    system.until_running()
    for pid, found in before.items():
        until("its descriptors are as before", lambda: descriptors(pid) == found, 5)  # noqa: B023
    until("as many processes as before", lambda: children(supervisor) == processes, 5)
    assert system.worker(BOT)["restarts"] >= KILLS
    zombies = [
        child
        for child in psutil.Process(supervisor).children(recursive=True)
        if child.status() == psutil.STATUS_ZOMBIE
    ]
    assert zombies == []


def test_stopped_and_continued_supervisor_restarts_nobody(system: System) -> None:
    status = system.until_running()
    before = {worker["name"]: worker for worker in status["workers"]}

    os.kill(status["pid"], signal.SIGSTOP)
    end = time.monotonic() + STOPPED_SECONDS
    until("it has slept", lambda: time.monotonic() > end)
    os.kill(status["pid"], signal.SIGCONT)

    system.until_flowing()
    end = time.monotonic() + 2
    until("everybody would have been judged", lambda: time.monotonic() > end)
    for worker in system.status()["workers"]:
        assert worker["pid"] == before[worker["name"]]["pid"], system.history()[-3000:]
        assert worker["restarts"] == before[worker["name"]]["restarts"]
        assert worker["state"] == "ready"


def forking(system_folder: Path) -> dict[str, object]:
    return {
        "name": "forking",
        "bot": f"{BOTS}:ForkingBot",
        "symbols": ["BTCUSDT"],
        "children": str(system_folder),
    }


def grandchildren(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir()}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if lives(pid)}


def test_what_a_bot_started_is_gone_after_its_death_and_after_stop(tmp_path: Path) -> None:
    quoter = {"name": "quoter", "bot": "QuoterBot", "symbols": ["ETHUSDT"]}
    with make_system(sandbox("forking", bots=[forking(tmp_path), quoter])) as system:
        system.start()
        until("both have started", lambda: len(grandchildren(tmp_path)) == 2)
        first = grandchildren(tmp_path)
        until("one lives as long as its bot", lambda: len(alive(first)) <= 1)
        assert len(alive(first)) == 1

        before = system.worker("bot:forking:BTCUSDT")
        os.kill(before["pid"], signal.SIGKILL)
        system.until_replaced(before)
        until("all of the dead bot are gone", lambda: not alive(first), 10)
        until("the next have started", lambda: len(grandchildren(tmp_path)) == 4)

        assert system.stop().returncode == 0
        assert alive(grandchildren(tmp_path)) == set()
        assert system.survivors() == []


def test_closed_terminal_ends_the_run_cleanly() -> None:
    with make_system(sandbox("terminal")) as system:
        ours, theirs = os.openpty()
        # a session of its own, whose terminal this is: closing our end hangs it up
        system.process = subprocess.Popen(
            ["setsid", "--ctty", *SUPERVISOR, "start", str(system.config)],
            env=system.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            text=True,
        )
        os.close(theirs)
        (system.folder / "out").touch()
        os.set_blocking(ours, False)

        def running() -> bool:
            with contextlib.suppress(BlockingIOError):
                os.read(ours, 65_536)  # a full terminal would hold the picture up
            status = system.try_status()
            return status is not None and status["state"] == "running"

        until("everything runs", running)
        until("an order is open", system.open_orders)
        children_before = psutil.Process(system.process.pid).children(recursive=True)

        os.close(ours)

        assert system.process.wait(SECONDS) == 0
        assert system.survivors() == []
        until("the picture is gone", lambda: not any(one.is_running() for one in children_before))
        assert not system.run_dir.exists()
        assert "SIGHUP" in system.history()


def test_second_ctrl_c_forces_a_bot_whose_clean_hangs() -> None:
    clinging = {
        "name": "clinging",
        "bot": f"{BOTS}:ClingingBot",
        "symbols": [SYMBOLS[0]],
        "restart": {"grace": "60s"},
    }
    with make_system(sandbox("clinging", bots=[clinging])) as system:
        system.start()
        assert system.process is not None
        bot = system.worker("bot:clinging:BTCUSDT")["pid"]

        system.process.send_signal(signal.SIGINT)
        until("it is stopping", lambda: (system.try_status() or {}).get("state") == "stopping")
        assert lives(bot)
        system.process.send_signal(signal.SIGINT)

        assert system.process.wait(SECONDS) in (0, 1)
        assert "forced to stop" in system.history()
        assert system.survivors() == []
        assert not system.run_dir.exists()

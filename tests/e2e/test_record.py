"""The record of a run: events, hooks, bounded logs, and what a service manager is told."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.harness import ROOT, SUPERVISOR, System, make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
NOISY = f"{Path(__file__).parent / 'noisy_bots.py'}:NoisyBot"
LOG_BYTES, LOG_FILES = 2_000_000, 2


class Ear:
    """A service manager that listens."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        self.lines: list[str] = []
        self.heard: queue.Queue[str] = queue.Queue()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        while text := self.socket.recv(4096).decode():
            self.lines += text.split("\n")
            self.heard.put(text)

    def hear(self, seconds: float) -> str:
        """Return the next message; empty when none came in time."""
        try:
            return self.heard.get(timeout=seconds)
        except queue.Empty:
            return ""

    def close(self) -> None:
        """Hear no more."""
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    config = sandbox("record")
    config["log"] = {"size": "2MB", "keep": LOG_FILES}
    config["bots"] = [
        {"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT", "ETHUSDT"]},
        {"name": "noisy", "bot": NOISY, "symbols": ["SOLUSDT"]},
    ]
    with make_system(config) as made:
        hook = {"command": ["sh", "-c", f"cat >> {made.folder}/told"], "every": 0}
        text = json.dumps({"on_event": [hook]})
        made.config.with_name("hooks.yaml").write_text(text)
        yield made


@pytest.fixture(scope="module")
def ear(system: System) -> Iterator[Ear]:
    made = Ear(system.folder)
    system.environment["NOTIFY_SOCKET"] = str(system.folder / "notify")
    system.environment["WATCHDOG_USEC"] = "1500000"
    system.start("--add", str(system.config.with_name("hooks.yaml")))
    yield made
    made.close()


def events(system: System, *arguments: str) -> list[dict[str, Any]]:
    """Return what `supervisor events --json` prints."""
    done = system.run("events", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_service_manager_is_told_when_all_are_ready(system: System, ear: Ear) -> None:
    until("READY is told", lambda: ear.hear(10) and "READY=1" in ear.lines)
    assert "STATUS=running: 6 of 6 workers are ready" in ear.lines
    before = ear.lines[: ear.lines.index("READY=1")]
    assert any(line.startswith("STATUS=starting: ") for line in before)


def test_only_the_supervisor_speaks_for_the_service(system: System, ear: Ear) -> None:
    supervisor = psutil.Process(system.status()["pid"])
    for process in supervisor.children(recursive=True):
        assert "NOTIFY_SOCKET" not in process.environ(), process


def test_frozen_supervisor_feeds_no_watchdog(system: System, ear: Ear) -> None:
    assert system.process is not None
    system.process.send_signal(signal.SIGSTOP)
    try:
        while ear.hear(0.1):
            continue
        assert ear.hear(1.6) == ""
    finally:
        system.process.send_signal(signal.SIGCONT)
    until("the watchdog is fed again", lambda: "WATCHDOG=1" in ear.hear(10))
    system.until_running()


def test_crash_is_told_with_its_last_words(system: System, ear: Ear) -> None:
    before = system.worker("bot:quoter:BTCUSDT")
    follower = subprocess.Popen(
        [*SUPERVISOR, "events", "--follow", "-n", "1", "--worker", "bot:quoter:*"],
        env=system.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    assert "ready" in follower.stdout.readline()

    os.kill(before["pid"], signal.SIGSEGV)

    followed = follower.stdout.readline()
    follower.kill()
    follower.communicate()
    assert "bot:quoter:BTCUSDT" in followed
    assert "exited: signal  code=-11 signal=SIGSEGV" in followed
    system.until_replaced(before)
    [ended] = [
        one for one in events(system, "--worker", before["name"]) if one["event"] == "exited"
    ]
    assert "Fatal Python error: Segmentation fault" in ended["lines"]
    assert ended["level"] == "warning"
    assert system.worker(before["name"])["last_exit"]["lines"] == ended["lines"]
    told = system.folder / "told"
    until("the hook is told", lambda: told.exists() and "SIGSEGV" in told.read_text())


def test_flood_stays_within_bounds_and_holds_nobody_up(system: System, ear: Ear) -> None:
    noisy = system.log_dir / "bot_noisy_SOLUSDT.log"
    until("its log was rotated", lambda: noisy.with_name(f"{noisy.name}.2").exists())

    system.until_flowing(["bot:noisy:SOLUSDT", "bot:quoter:BTCUSDT"])
    done = system.run("status", "--json")
    logs = list(system.log_dir.iterdir())

    assert json.loads(done.stdout)["state"] == "running"
    assert all(worker["restarts"] == 0 for worker in system.status()["workers"][:3])
    older = [path.stat().st_size for path in logs if path.suffix in (".1", ".2")]
    assert max(older) <= LOG_BYTES * 1.1
    assert not noisy.with_name(f"{noisy.name}.3").exists()
    # what a quarter of a second of flood may add
    assert sum(path.stat().st_size for path in logs) < LOG_BYTES * (LOG_FILES + 1) + 60_000_000


def test_stop_is_told_and_takes_the_hooks_with_it(system: System, ear: Ear) -> None:
    supervisor = psutil.Process(system.status()["pid"])
    hooks = [one for one in supervisor.children() if "hooks" in " ".join(one.cmdline())]
    assert len(hooks) == 1

    assert system.stop().returncode == 0

    until("STOPPING is told", lambda: "STOPPING=1" in ear.lines)
    assert not hooks[0].is_running()
    assert events(system, "-n", "1")[0]["event"] == "stopped"


def test_killed_run_is_noted_and_stop_waits_for_its_workers(system: System, ear: Ear) -> None:
    del system.environment["NOTIFY_SOCKET"]
    system.start()
    assert system.process is not None
    system.process.kill()
    system.process.wait()

    assert system.run("stop", "--project", system.project).returncode == 3

    assert system.survivors() == []
    system.launch("--for", "1s").wait(60)
    killed = [one for one in events(system) if one["event"] == "was killed"]
    assert len(killed) == 1
    assert killed[0]["level"] == "error"
    assert killed[0]["reason"].startswith("run ")

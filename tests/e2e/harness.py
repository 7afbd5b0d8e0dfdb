"""A whole system, started by the real command line and looked at from outside."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from tests.processes import lives

ROOT = Path(__file__).parents[2]
SUPERVISOR = [sys.executable, "-m", "supervisor"]
BOTS = str(Path(__file__).parent / "bots.py")
"""File of the bots that tests need."""
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
SECONDS = 30.0
"""Deadline of everything that should take less than a few seconds."""
POLL = 0.02

T = TypeVar("T")


def until(what: str, probe: Callable[[], T], seconds: float = SECONDS) -> T:
    """Return the probe's first true value; fail when there is none in time."""
    for _ in range(round(seconds / POLL)):
        value = probe()
        if value:
            return value
        select.select([], [], [], POLL)
    raise AssertionError(f"not within {seconds:g} s: {what}")


class System:
    """One run: its folders, its processes, its venue."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.project = config["project"]
        self.config = folder / "config.yaml"
        self.config.write_text(yaml.safe_dump(config))
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state"),
            "TICKVISOR_TEST_HOOKS": "1",
        }
        (folder / "run").mkdir()
        self.process: subprocess.Popen[str] | None = None
        self.seen: set[int] = set()

    # --- the command line ---

    def start(self, *arguments: str) -> "System":
        """Start in the foreground and wait until everything runs."""
        self.launch(*arguments)
        self.until_running()
        return self

    def launch(self, *arguments: str) -> subprocess.Popen[str]:
        """Start in the foreground."""
        with (self.folder / "out").open("a") as out:
            self.process = subprocess.Popen(
                [*SUPERVISOR, "start", str(self.config), *arguments],
                env=self.environment,
                cwd=ROOT,
                stdout=out,
                stderr=out,
                text=True,
            )
        return self.process

    def run(self, *arguments: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [*SUPERVISOR, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def request(self, **message: Any) -> dict[str, Any]:
        """Send one request to the control socket, as the command line does."""
        import socket

        with contextlib.closing(socket.socket(socket.AF_UNIX)) as stream:
            stream.settimeout(10)
            stream.connect(str(self.run_dir / "control"))
            stream.sendall(json.dumps(message).encode() + b"\n")
            with stream.makefile() as lines:
                return json.loads(lines.readline())  # type: ignore[no-any-return]

    def status(self) -> dict[str, Any]:
        """Return the status object."""
        status: dict[str, Any] = self.request(command="status")["status"]
        self.seen.update(worker["pid"] for worker in status["workers"] if worker["pid"])
        return status

    def try_status(self) -> dict[str, Any] | None:
        """Return the status object, None while nobody answers."""
        try:
            return self.status()
        except (OSError, ValueError):
            return None

    def stop(self) -> subprocess.CompletedProcess[str]:
        """Stop by the command line and wait for the end."""
        done = self.run("stop", "--timeout", "20s", seconds=60)
        if self.process is not None:
            self.process.wait(SECONDS)
        return done

    def interrupt(self, number: int = signal.SIGINT) -> int:
        """Send a signal to the supervisor and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    @property
    def run_dir(self) -> Path:
        return self.folder / "run" / "tickvisor" / self.project

    @property
    def output(self) -> str:
        """What the foreground has printed."""
        return (self.folder / "out").read_text()

    # --- what one sees from outside ---

    def worker(self, name: str) -> dict[str, Any]:
        """Return one worker's part of the status."""
        return next(worker for worker in self.status()["workers"] if worker["name"] == name)

    def until_running(self, seconds: float = SECONDS) -> dict[str, Any]:
        """Wait until every worker is ready."""

        def running() -> dict[str, Any] | None:
            assert self.process is not None
            assert self.process.poll() is None, self.output
            status = self.try_status()
            return status if status and status["state"] == "running" else None

        try:
            return until("everything runs", running, seconds)
        except AssertionError:
            raise AssertionError(f"not running; {self.try_status()}\n{self.logs()}") from None

    def until_replaced(self, before: dict[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
        """Wait until a worker has a new life that is ready and handles events."""

        def replaced() -> dict[str, Any] | None:
            now = self.worker(before["name"])
            fresh = now["pid"] not in (None, before["pid"]) and now["state"] == "ready"
            # The exchange worker's events are the account's: there may be none for a while.
            return now if fresh and (now["events"] > 0 or now["kind"] == "exchange") else None

        try:
            return until(f"{before['name']} is replaced", replaced, seconds)
        except AssertionError:
            raise AssertionError(
                f"{before['name']} not replaced; {self.worker(before['name'])}\n{self.logs()}"
            ) from None

    def until_flowing(self, names: list[str] | None = None, seconds: float = SECONDS) -> None:
        """Wait until events arrive in every named worker (all bots when none is named)."""
        status = self.status()
        first = {
            worker["name"]: (worker["pid"], worker["events"])
            for worker in status["workers"]
            if (worker["name"] in names if names else worker["kind"] == "bot")
        }

        def flowing() -> bool:
            now = {worker["name"]: worker for worker in self.status()["workers"]}
            return all(
                now[name]["pid"] == pid and now[name]["events"] > events
                for name, (pid, events) in first.items()
            )

        until("events flow", flowing, seconds)

    def history(self) -> str:
        """Return the supervisor's log."""
        return (self.log_dir / "supervisor.log").read_text()

    @property
    def log_dir(self) -> Path:
        return self.folder / "state" / "tickvisor" / self.project / "logs"

    def logs(self) -> str:
        """Return the end of every log, for a failing test's message."""
        paths = sorted(self.log_dir.glob("*.log")) if self.log_dir.exists() else []
        ends = [f"--- {path.name}\n{path.read_text()[-2000:]}" for path in paths]
        return "\n".join([f"--- out\n{self.output[-3000:]}", *ends])

    def survivors(self) -> list[int]:
        """Return the pids of this run's processes that still live."""
        return [pid for pid in self.seen if lives(pid)]

    # --- the venue ---

    def venue(self, path: str, body: dict[str, Any] | None = None, method: str = "") -> Any:
        """Ask the venue something that needs no key."""
        url = self.status()["venue"]["rest_url"] + path
        return fetch(url, body, method)

    def open_orders(self) -> list[dict[str, Any]]:
        """Return the venue's own list of orders that are open."""
        return open_orders(self.venue("/venue/ledger"))

    def close(self) -> None:
        """End whatever is left; only for what a failing test leaves behind."""
        with contextlib.suppress(OSError, ValueError):
            self.status()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.survivors():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def fetch(url: str, body: dict[str, Any] | None = None, method: str = "") -> Any:
    """Return the JSON answer of one HTTP request."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url,
        data=data,
        method=method or ("POST" if data else "GET"),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def open_orders(ledger: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the orders of a ledger that are open."""
    return [order for order in ledger["orders"] if order["status"] in ("NEW", "PARTIALLY_FILLED")]


def sandbox(project: str, **changes: Any) -> dict[str, Any]:
    """Return the configuration of a small sandbox."""
    config: dict[str, Any] = {
        "project": project,
        "factory": "SandboxFactory",
        "venue": {"feed": "synthetic", "seed": 7},
        "stream": {"channels": ["book", "trade", "candle"]},
        "watchdog": {"book": "2s", "trade": 0, "candle": 0, "account": "60s", "heartbeat": "1s"},
        "bots": [
            {"name": "quoter", "bot": "QuoterBot", "symbols": list(SYMBOLS[:2])},
            {"name": "sandbox", "bot": "SandboxBot", "symbols": list(SYMBOLS[2:])},
        ],
    }
    return config | changes


@contextlib.contextmanager
def make_system(config: dict[str, Any]) -> Iterator[System]:
    """Yield a system that is gone afterwards, with a folder whose path is short."""
    folder = Path(tempfile.mkdtemp(prefix="tv-"))
    system = System(folder, config)
    try:
        yield system
    finally:
        system.close()
        shutil.rmtree(folder, ignore_errors=True)

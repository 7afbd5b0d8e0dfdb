"""A whole sandbox for a benchmark: started, looked at, stopped."""

import contextlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil

import yaml

ROOT = Path(__file__).parents[1]
SECONDS = 120.0
POLL = 0.01

T = TypeVar("T")


class System:
    """One run in folders of its own.

    Args:
        folder: Where it keeps its files; a short path.
        config: Its configuration.
        environment: Variables of its own.
    """

    def __init__(self, folder: Path, config: dict[str, Any], **environment: str) -> None:
        """Write the configuration; nothing runs yet."""
        self.folder = folder
        self.project = str(config["project"])
        (folder / "run").mkdir()
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state"),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def run_dir(self) -> Path:
        """The run's folder of sockets."""
        return self.folder / "run" / "tickvisor" / self.project

    @property
    def state_dir(self) -> Path:
        """The run's folder of logs."""
        return self.folder / "state" / "tickvisor" / self.project

    def start(self) -> None:
        """Start, and wait until every worker is ready."""
        self.launch()
        self.until(self._is_running)

    def launch(self) -> None:
        """Start, without waiting."""
        with (self.folder / "out").open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor", "start", str(self.folder / "config.yaml")],
                env=self.environment,
                cwd=ROOT,
                stdout=out,
                stderr=out,
            )

    def _is_running(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(self.last_words())
        return bool(self.status().get("state") == "running")

    def stop(self) -> None:
        """Stop and wait for the end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SECONDS)

    def request(self, **message: Any) -> dict[str, Any]:
        """Send one request to the control socket; return the answer, {} while nobody answers."""
        try:
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as stream:
                stream.settimeout(10)
                stream.connect(str(self.run_dir / "control"))
                stream.sendall(json.dumps(message).encode() + b"\n")
                with stream.makefile() as lines:
                    answer: dict[str, Any] = json.loads(lines.readline())
                    return answer
        except (OSError, ValueError):
            return {}

    def status(self) -> dict[str, Any]:
        """Return the status object, {} while nobody answers."""
        status: dict[str, Any] = self.request(command="status").get("status", {})
        return status

    def venue(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the venue something that needs no key; with a body it is a POST."""
        url = self.status()["venue"]["rest_url"] + path
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data, kind)  # noqa: S310 - our own, on loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def worker(self, name: str) -> dict[str, Any]:
        """Return one worker's part of the status."""
        return next(one for one in self.status()["workers"] if one["name"] == name)

    def processes(self) -> list[psutil.Process]:
        """Return the supervisor and all that it has started."""
        if self._process is None or self._process.poll() is not None:
            return []
        supervisor = psutil.Process(self._process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def fork_server(self) -> int | None:
        """Return the fork server's pid, None while there is none."""
        for one in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "fork server" in " ".join(one.cmdline()):
                    return one.pid
        return None

    def last_words(self) -> str:
        """Return the end of what the supervisor has printed."""
        return (self.folder / "out").read_text()[-1000:]

    def events(self) -> list[dict[str, Any]]:
        """Return the supervisor's log: one event a line."""
        lines = (self.state_dir / "logs" / "supervisor.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def until(self, probe: Callable[[], T], seconds: float = SECONDS) -> T:
        """Return the probe's first true value.

        Raises:
            TimeoutError: There is none in time.
        """
        for _ in range(round(seconds / POLL)):
            if value := probe():
                return value
            select.select([], [], [], POLL)
        raise TimeoutError(f"nothing within {seconds:g} s; see {self.folder}")


@contextlib.contextmanager
def running(config: dict[str, Any], **environment: str) -> Iterator[System]:
    """Yield a system that runs, and stop it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tvb-"))
    system = System(folder, {"log": {"format": "json"}, **config}, **environment)
    try:
        system.start()
        yield system
    finally:
        system.stop()
        shutil.rmtree(folder, ignore_errors=True)

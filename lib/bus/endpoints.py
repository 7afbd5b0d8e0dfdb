"""Addresses of the bus: which socket file lives where in a run's folder."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lib.errors import ConfigError

MAX_PATH = 107
"""Bytes of a Unix socket's path on Linux."""

CONTROL = "control"
HEARTBEAT = "heartbeat"
LIFECYCLE = "lifecycle"
ORDERS = "orders"
ACCOUNT = "account"
MARKET = "market"

STREAM = "stream"
"""What the names of stream workers begin with: `stream`, `stream-1`, `stream-spare`."""

Row = Sequence[Any]
"""One life in a roster: `[worker name, incarnation, state]`."""


def path(run_dir: str | Path, name: str) -> str:
    """Return the path of one socket.

    Raises:
        ConfigError: The path is too long for a Unix socket.
    """
    full = str(Path(run_dir) / name)
    if len(full.encode()) > MAX_PATH:
        raise ConfigError(
            f"socket path {full} is longer than {MAX_PATH} bytes; "
            "use a shorter `project`, or set XDG_RUNTIME_DIR to a shorter folder"
        )
    return full


def ipc(run_dir: str | Path, name: str) -> str:
    """Return the ZeroMQ address of one socket of a run.

    Raises:
        ConfigError: The path is too long for a Unix socket.
    """
    return f"ipc://{path(run_dir, name)}"


def markets(run_dir: str | Path, streams: Iterable[str], roster: Iterable[Row]) -> list[str]:
    """Return the addresses of all stream workers: those known from birth, and those that live now.

    Args:
        run_dir: The run's folder.
        streams: Names known from birth.
        roster: Rows of the roster.

    Raises:
        ConfigError: A path is too long for a Unix socket.
    """
    alive = [str(row[0]) for row in roster if str(row[0]).startswith(STREAM)]
    return [market(run_dir, name) for name in dict.fromkeys([*streams, *alive])]


def market(run_dir: str | Path, stream_worker: str) -> str:
    """Return the address on which one stream worker (`stream`, `stream-1`, …) publishes.

    Raises:
        ConfigError: The path is too long for a Unix socket.
    """
    return ipc(run_dir, MARKET + stream_worker.removeprefix(STREAM))

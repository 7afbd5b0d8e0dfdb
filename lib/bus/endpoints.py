"""Addresses of the bus: which socket file lives where in a run's folder."""

from pathlib import Path

from lib.errors import ConfigError

MAX_PATH = 107
"""Bytes of a Unix socket's path on Linux."""

CONTROL = "control"
HEARTBEAT = "heartbeat"
LIFECYCLE = "lifecycle"
ORDERS = "orders"
ACCOUNT = "account"
MARKET = "market"


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


def market(run_dir: str | Path, stream_worker: str) -> str:
    """Return the address on which one stream worker (`stream`, `stream-1`, …) publishes.

    Raises:
        ConfigError: The path is too long for a Unix socket.
    """
    return ipc(run_dir, MARKET + stream_worker.removeprefix("stream"))

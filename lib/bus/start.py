"""What the supervisor hands a worker at its birth, over an inherited descriptor."""

import os
from typing import Any

import msgspec

from lib.errors import ProtocolError


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's birth certificate; JSON in a sealed memory file.

    Args:
        name: `venue`, `exchange`, `stream`, `stream-2`, `bot:<bot name>:<SYMBOL>`.
        kind: `lib.constants.WorkerKind`.
        project: Names the run.
        run_dir: Folder of the run's sockets.
        state_dir: Folder of what outlives the run.
        incarnation: This life's number.
        epoch: The run's number.
        config: The worker's part of the configuration, already merged.
        streams: Names of the stream workers.
        roster: Rows of the newest `Roster`.
        heartbeat_ns: Planned time between two beats.
        log_format: `text` or `json`.
        nice: Added to the niceness at birth.
        cpus: Cores that it may run on; empty = all.
        lifeline_fd: Read end of a pipe that closes when the supervisor is gone.
    """

    name: str
    kind: str
    project: str
    run_dir: str
    state_dir: str
    incarnation: int
    epoch: int
    config: dict[str, Any]
    streams: list[str]
    roster: list[list[Any]]
    heartbeat_ns: int
    log_format: str = "text"
    nice: int = 0
    cpus: tuple[int, ...] = ()
    lifeline_fd: int = -1


def encode_start(start: Start) -> bytes:
    """Return the bytes that `read_start` understands."""
    return msgspec.json.encode(start)


def read_start(fd: int) -> Start:
    """Read a whole start record from `fd` and close it.

    Raises:
        ProtocolError: The record is not whole.
    """
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        text = file.read()
    try:
        return msgspec.json.decode(text, type=Start)
    except msgspec.MsgspecError as error:
        raise ProtocolError(f"start record: {error}") from error

"""Who of a run lives, as a file in its folder: what processes without a supervisor can know.

Written by the supervisor after births and deaths, once per turn of its loop. A process is told
from a stranger with the same pid by its start time.
"""

import json
from pathlib import Path
from typing import NamedTuple

import psutil

LIVES = "lives.json"
"""Rows [pid, start time, name]."""


class Life(NamedTuple):
    """A worker's process: pid, its start in seconds since the epoch, its name."""

    pid: int
    started: float
    name: str


def write_lives(folder: Path, lives: list[Life]) -> None:
    """Record the workers that live.

    Raises:
        OSError: The folder cannot be written.
    """
    temporary = folder / (LIVES + ".new")
    temporary.write_text(json.dumps(lives))
    temporary.replace(folder / LIVES)


def started_at(pid: int) -> float:
    """Return when a process started, seconds since the epoch.

    Raises:
        psutil.NoSuchProcess: It is gone.
    """
    return float(psutil.Process(pid).create_time())


def read_lives(folder: Path) -> list[Life]:
    """Return the recorded workers that still live."""
    try:
        rows = json.loads((folder / LIVES).read_text())
    except (OSError, ValueError):
        return []
    return [life for life in (Life(*row) for row in rows) if is_alive(life)]


def is_alive(life: Life) -> bool:
    """Return whether that very process still runs."""
    try:
        process = psutil.Process(life.pid)
        return process.create_time() == life.started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

"""Starts a run in the background and waits until it is ready, or has failed."""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib.constants import ExitCode
from lib.durations import brief
from lib.errors import NotRunning
from lib.folders import log_path, make_state_dir
from supervisor.asked.client import running, status
from supervisor.terminal.program import activation
from supervisor.terminal.render import hints, table

PERIOD = 0.05
READY_SECONDS = 30.0
"""How long a run may take until all its workers are ready; it goes on after that."""
PREFIX = "supervisor: "


def start_detached(project: str, files: Sequence[str], run_seconds: float) -> int:
    """Start a run in the background; return 0 when it is ready, 4 when it is not in time.

    Args:
        project: Name of the run.
        files: The configuration files, already checked.
        run_seconds: Stop by itself after this time; 0 = never.

    Returns:
        The exit code; that of the run when it failed to start.

    Raises:
        TickvisorError: The state folder cannot be used.
        OSError: The system refuses the process.
    """
    make_state_dir(project)
    log = log_path(project)
    offset = log.stat().st_size if log.exists() else 0
    process = _spawn(files, run_seconds, log)
    found = _wait(project, process)
    if found is None:
        code = process.wait()
        sys.stderr.write(f"{_last_words(log, offset, code)}\n")
        return code if code > 0 else ExitCode.ERROR
    sys.stdout.write(
        f"{table(found)}\n{hints(project, several=len(running()) > 1, first=activation())}"
    )
    return ExitCode.DONE if found["state"] == "running" else ExitCode.DEGRADED


def _spawn(files: Sequence[str], run_seconds: float, log: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "supervisor", "start", files[0]]
    command += [word for path in files[1:] for word in ("--add", path)]
    if run_seconds:
        command += ["--for", brief(run_seconds)]
    with log.open("ab") as errors:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            # the supervisor writes its log itself; only what it says on stderr comes besides
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )


def _wait(project: str, process: "subprocess.Popen[bytes]") -> dict[str, Any] | None:
    """Return the newest status when the run is ready or time is up; None when it has ended."""
    found: dict[str, Any] = {}
    pidfd = os.pidfd_open(process.pid)
    try:
        for _ in range(round(READY_SECONDS / PERIOD)):
            ended, _, _ = select.select([pidfd], [], [], PERIOD)
            if ended:
                return None
            try:
                newest = status(project)
            except NotRunning:
                continue
            if newest["pid"] == process.pid:
                found = newest
            if found and found["state"] == "running":
                break
    finally:
        os.close(pidfd)
    return found or {
        "project": project,
        "pid": process.pid,
        "state": "starting",
        "uptime_s": READY_SECONDS,
        "workers": [],
    }


def _last_words(log: Path, offset: int, code: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode("utf-8", "replace").splitlines()
    spoken = [line for line in lines if line.startswith(PREFIX)]
    if spoken:
        return spoken[-1]
    return f"{PREFIX}it ended with exit code {code} while starting; see {log}"

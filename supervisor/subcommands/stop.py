"""`supervisor stop`: bots clean up first, then the rest."""

import select
import sys
from argparse import Namespace
from collections.abc import Callable

from lib.constants import ExitCode
from lib.errors import NotRunning, TickvisorError
from lib.folders import run_dir
from lib.lives import read_lives
from lib.runs import holder
from supervisor.asked.client import choose_project, request

MARGIN = 10.0
"""Seconds beyond the timeout: what is left after it must be killed and swept."""
POLL = 0.02


def run(arguments: Namespace) -> int:
    """Stop a run and wait until it is gone.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do, and none is named.
        TickvisorError: It is still there after the timeout, or left orders that should be gone.
    """
    limit = arguments.timeout + MARGIN
    try:
        project = choose_project(arguments.project)
    except NotRunning:
        if arguments.project:
            _await_orphans(arguments.project, limit)
        raise
    message = {"command": "stop", "timeout": arguments.timeout}
    try:
        reply = request(project, message, limit)
    except NotRunning:
        # it was ending already, or ended before it could answer
        reply = {}
    if not wait_until(lambda: not holder(project), limit):
        raise TickvisorError(f"{project!r} (pid {holder(project)}) has not ended in {limit:g}s")
    sys.stdout.write(f"{project} has stopped\n")
    for order in reply.get("kept", []):
        sys.stdout.write(f"kept on purpose: {_words(order)}\n")
    if error := reply.get("error"):
        raise TickvisorError(error)
    return ExitCode.DONE


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return True once `condition` holds, False when it did not in time."""
    for _ in range(max(1, round(seconds / POLL))):
        if condition():
            return True
        select.select([], [], [], POLL)
    return condition()


def _await_orphans(project: str, seconds: float) -> None:
    """Wait for the workers of a supervisor that was killed: they clean up, and end by themselves.

    A service manager that kills what is left asks first whether it may, by `stop`.
    """
    folder = run_dir(project)
    if not wait_until(lambda: not read_lives(folder), seconds):
        names = ", ".join(life.name for life in read_lives(folder))
        raise TickvisorError(f"still there without a supervisor: {names}")


def _words(order: object) -> str:
    if isinstance(order, dict):
        return " ".join(f"{key}={value}" for key, value in order.items())
    return str(order)

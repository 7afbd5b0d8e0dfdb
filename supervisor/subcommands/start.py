"""`supervisor start`: in the foreground, or (`--detach`) in the background."""

import contextlib
import io
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import Any, TextIO

from lib.constants import ExitCode
from lib.errors import AlreadyRunning
from lib.folders import holder
from supervisor.asked.client import running
from supervisor.config.plan import make_plan
from supervisor.config.spec import load_spec
from supervisor.options import Options
from supervisor.run import run as run_plan
from supervisor.terminal.detach import start_detached
from supervisor.terminal.program import activation
from supervisor.terminal.render import hints, table
from supervisor.terminal.viewer import Viewer


def run(arguments: Namespace) -> int:
    """Start a configuration; return when it has stopped, or with `--detach` when it is ready.

    Raises:
        ConfigError: The configuration is wrong, or a variable that it needs is not set.
        AlreadyRunning: It runs already.
        TickvisorError: A folder cannot be used.
        OSError: The system refuses a socket or a process.
    """
    files = (arguments.config, *arguments.add)
    spec = load_spec(files)
    for warning in spec.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    if pid := holder(spec.project):
        known = pid if pid > 0 else "unknown"
        raise AlreadyRunning(f"project {spec.project} is already running with pid {known}")
    seconds = arguments.run_seconds or 0.0
    if arguments.detach:
        return start_detached(spec.project, files, seconds)
    plan = make_plan(spec)
    if not sys.stdout.isatty():
        return run_plan(plan, files, Options(run_seconds=seconds, on_running=_print_table))
    # what is said while the viewer draws would be drawn over: it is held back until it is done
    with _held_back_stderr(), Viewer(spec.project, plan.secrets) as viewer:
        options = Options(run_seconds=seconds, quiet=True, known_children=frozenset({viewer.pid}))
        code = run_plan(plan, files, options)
    if code == ExitCode.DONE:
        _say(sys.stdout, f"{spec.project} has stopped\n")
    return code


@contextlib.contextmanager
def _held_back_stderr() -> Iterator[None]:
    held = io.StringIO()
    try:
        with contextlib.redirect_stderr(held):
            yield
    finally:
        _say(sys.stderr, held.getvalue())


def _say(stream: TextIO, text: str) -> None:
    # the terminal may have been closed, which is no error of the run
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print_table(found: dict[str, Any]) -> None:
    # the reader may have gone (`start | head`): that must not stop what was started
    with contextlib.suppress(OSError):
        sys.stdout.write(f"\n{table(found)}\n")
        sys.stdout.write(hints(found["project"], several=len(running()) > 1, first=activation()))
        sys.stdout.flush()

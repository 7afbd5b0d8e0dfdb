"""`supervisor start`: in the foreground, or (`--detach`) in the background."""

import contextlib
import sys
from argparse import Namespace
from typing import Any

from lib.errors import AlreadyRunning
from lib.folders import holder
from supervisor.client import running
from supervisor.detach import start_detached
from supervisor.plan import make_plan
from supervisor.render import hints, table
from supervisor.run import run as run_plan
from supervisor.spec import load_spec
from supervisor.supervisor import Options
from supervisor.viewer import Viewer


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
        raise AlreadyRunning(f"project {spec.project} is already running with pid {pid}")
    seconds = arguments.run_seconds or 0.0
    if arguments.detach:
        return start_detached(spec.project, files, seconds)
    with contextlib.ExitStack() as stack:
        options = Options(run_seconds=seconds, on_running=_print_table)
        if sys.stdout.isatty():
            viewer = stack.enter_context(Viewer(spec.project))
            options = Options(
                run_seconds=seconds, quiet=True, known_children=frozenset({viewer.pid})
            )
        return run_plan(make_plan(spec), files, options)


def _print_table(found: dict[str, Any]) -> None:
    # the reader may have gone (`start | head`): that must not stop what was started
    with contextlib.suppress(OSError):
        sys.stdout.write(f"\n{table(found)}\n")
        sys.stdout.write(hints(found["project"], several=len(running()) > 1))
        sys.stdout.flush()

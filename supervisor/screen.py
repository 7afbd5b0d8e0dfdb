"""The live table of `supervisor start` (drawn by a child process) and of `status --watch`."""

import argparse
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lib.constants import ExitCode
from lib.errors import NotRunning, TickvisorError
from supervisor.client import running, status
from supervisor.render import HEADINGS, NOTE, RIGHT, headline, hints, rows, symbol_rates

PERIOD = 0.5
"""Seconds between two looks."""
WATCH_SECONDS = 3.0
"""How long `status --watch` goes on looking for a run that has gone."""
STYLES = {
    "ready": "green",
    "running": "green",
    "starting": "yellow",
    "stopping": "yellow",
    "degraded": "bold yellow",
    "stale": "bold yellow",
    "backoff": "bold yellow",
    "hung": "bold red",
    "failed": "bold red",
    "exited": "dim",
    "waiting": "dim",
}
STATE = HEADINGS.index("STATE")
NAME = HEADINGS.index("WORKER")


def picture(found: dict[str, Any], *, several: bool = False) -> RenderableType:
    """Return a status object as something to draw."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for column, heading in enumerate(HEADINGS):
        table.add_column(
            heading,
            justify="right" if heading in RIGHT else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if column == NOTE else None,
            min_width=8 if column == NAME else None,
        )
    for row in rows(found):
        cells = [Text(cell) for cell in row]
        cells[STATE].stylize(STYLES.get(row.state, ""))
        table.add_row(*cells)
    rates = symbol_rates(found)
    flow = "   ".join(f"{symbol} {rate:.0f}/s" for symbol, rate in rates.items())
    head = Text(headline(found), style=STYLES.get(found["state"], ""))
    parts: list[RenderableType] = [head, Text("")]
    if found["workers"]:
        parts += [table, Text("")]
    if flow:
        parts.append(Text(f"events: {flow}"))
    way_out = "stopping: bots clean up first" if found["state"] == "stopping" else "Ctrl-C stops"
    parts.append(Text(f"{hints(project=found['project'], several=several)}{way_out}", style="dim"))
    # leaves the cursor on a line of its own, for whoever writes next
    parts.append(Text(""))
    return Group(*parts)


def show(project: str, pid: int = 0, parent_fd: int = -1, console: Console | None = None) -> int:
    """Draw a run until it is gone, or Ctrl-C; return the exit code.

    Args:
        project: Name of the run.
        pid: Draw only the run of this supervisor; 0 = any.
        parent_fd: Ends when the other end of this pipe closes; -1 = ends some seconds after the
            run has gone.
        console: Where to draw; the terminal by default.
    """
    drawn = console or Console()
    with Live(console=drawn, auto_refresh=False, transient=False) as live:
        try:
            _draw(lambda found: live.update(found, refresh=True), project, pid, parent_fd)
        except KeyboardInterrupt:
            return ExitCode.DONE
    return ExitCode.DONE


def main() -> int:
    """Run as `python -m supervisor.screen --project P --pid PID --parent-fd N`."""
    parser = argparse.ArgumentParser(prog="supervisor.screen")
    parser.add_argument("--project", required=True)
    parser.add_argument("--pid", type=int, default=0)
    parser.add_argument("--parent-fd", type=int, default=-1)
    arguments = parser.parse_args()
    # Ctrl-C is for the supervisor; the picture goes on while it stops
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return show(arguments.project, arguments.pid, arguments.parent_fd)


def _draw(update: Callable[[RenderableType], None], project: str, pid: int, parent_fd: int) -> None:
    missed = 0.0
    while parent_fd >= 0 or missed < WATCH_SECONDS:
        try:
            found = status(project)
        except (NotRunning, TickvisorError):
            missed += PERIOD
        else:
            missed = 0.0
            if pid in (0, found["pid"]):
                update(picture(found, several=len(running()) > 1))
        if _is_closed(parent_fd, PERIOD):
            return


def _is_closed(parent_fd: int, seconds: float) -> bool:
    # waits, and wakes at once when the parent is gone
    watched = [parent_fd] if parent_fd >= 0 else []
    ready, _, _ = select.select(watched, [], [], seconds)
    return bool(ready) and not os.read(parent_fd, 1)


if __name__ == "__main__":
    sys.exit(main())

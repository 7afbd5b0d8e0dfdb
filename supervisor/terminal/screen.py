"""The live table of `supervisor start` (drawn by a child process) and of `status --watch`."""

import argparse
import os
import select
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lib.constants import ExitCode
from lib.errors import NotRunning, TickvisorError
from supervisor.asked.client import running, status
from supervisor.record.event_log import EventTail, events_path
from supervisor.terminal.news import News
from supervisor.terminal.program import activation
from supervisor.terminal.render import (
    HEADINGS,
    NOTE,
    RIGHT,
    Row,
    fitting,
    headline,
    hints,
    rows,
    symbol_rates,
)

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
NEWS_LINES = 5
NEWEST_BYTES = 100_000
"""What is read of the event log at first: the present run's newest."""
GONE = "the supervisor of {project} was killed; its workers stop by themselves within 3 s"


class Picture:
    """A status object as something to draw; drops columns where the terminal is narrow.

    Args:
        found: The status object.
        several: Other projects run, too.
        news: Newest events in words, oldest first.
    """

    def __init__(
        self, found: dict[str, Any], *, several: bool = False, news: Iterable[str] = ()
    ) -> None:
        """Draw nothing yet."""
        self._found = found
        self._several = several
        self._news = list(news)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as there is room."""
        yield _drawn(self._found, self._news, options.max_width, several=self._several)


def _drawn(found: dict[str, Any], news: list[str], width: int, *, several: bool) -> RenderableType:
    parts: list[RenderableType] = [
        Text(headline(found), style=STYLES.get(found["state"], "")),
        Text(""),
    ]
    if found["workers"]:
        parts += [_table(rows(found), width), Text("")]
    rates = symbol_rates(found)
    if rates:
        flow = "   ".join(f"{symbol} {rate:.0f}/s" for symbol, rate in rates.items())
        parts.append(Text(f"events: {flow}"))
    parts += [Text(line, no_wrap=True, overflow="ellipsis") for line in news]
    way_out = "stopping: bots clean up first" if found["state"] == "stopping" else "Ctrl-C stops"
    ways = hints(found["project"], several=several, first=activation())
    parts.append(Text(f"{ways}{way_out}", style="dim"))
    # leaves the cursor on a line of its own, for whoever writes next
    parts.append(Text(""))
    return Group(*parts)


def _table(found: list[Row], width: int) -> Table:
    columns = fitting(found, width)
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for column in columns:
        heading = HEADINGS[column]
        table.add_column(
            heading,
            justify="right" if heading in RIGHT else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if column == NOTE else None,
            min_width=8 if column == NAME else None,
        )
    for row in found:
        cells = [Text(cell) for cell in row]
        cells[STATE].stylize(STYLES.get(row.state, ""))
        table.add_row(*(cells[column] for column in columns))
    return table


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
        size = drawn.size

        def update(found: RenderableType) -> None:
            nonlocal size
            if drawn.size != size:
                # lines that were wrapped or unwrapped are not where they were drawn
                size = drawn.size
                drawn.clear()
            live.update(found, refresh=True)

        try:
            is_lost = _draw(update, project, pid, parent_fd)
        except KeyboardInterrupt:
            return ExitCode.DONE
    if is_lost:
        drawn.print(GONE.format(project=project), style="bold red")
    return ExitCode.DONE


def main() -> int:
    """Run as `python -m supervisor.terminal.screen --project P --pid PID --parent-fd N`."""
    parser = argparse.ArgumentParser(prog="supervisor.terminal.screen")
    parser.add_argument("--project", required=True)
    parser.add_argument("--pid", type=int, default=0)
    parser.add_argument("--parent-fd", type=int, default=-1)
    arguments = parser.parse_args()
    # Ctrl-C is for the supervisor; the picture goes on while it stops
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return show(arguments.project, arguments.pid, arguments.parent_fd)


def _draw(update: Callable[[RenderableType], None], project: str, pid: int, parent_fd: int) -> bool:
    """Draw until the run has gone; return whether it went without a goodbye."""
    missed = 0.0
    was_up = False
    log, news = EventTail(events_path(project), NEWEST_BYTES), News()
    while parent_fd >= 0 or missed < WATCH_SECONDS:
        try:
            found = status(project)
        except (NotRunning, TickvisorError):
            missed += PERIOD
        else:
            missed = 0.0
            # at its very end a run answers no more, and looks as if it were only starting
            is_over = was_up and not found["workers"]
            was_up |= bool(found["workers"])
            if pid in (0, found["pid"]) and not is_over:
                news.take(log.read())
                several = len(running()) > 1
                update(Picture(found, several=several, news=news.newest(NEWS_LINES)))
        if _is_closed(parent_fd, PERIOD):
            news.take(log.read())
            return news.is_open
    return False


def _is_closed(parent_fd: int, seconds: float) -> bool:
    # waits, and wakes at once when the parent is gone
    watched = [parent_fd] if parent_fd >= 0 else []
    ready, _, _ = select.select(watched, [], [], seconds)
    return bool(ready) and not os.read(parent_fd, 1)


if __name__ == "__main__":
    sys.exit(main())

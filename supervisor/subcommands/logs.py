"""`supervisor logs`: of one worker or of all, of a run that runs or has run."""

import select
import sys
from argparse import Namespace
from collections.abc import Iterable

from lib.constants import NS_PER_SECOND, ExitCode
from lib.errors import ConfigError
from lib.folders import LOGS, state_dir
from lib.timer import LiveTimer
from supervisor.record.log_files import Tails
from supervisor.record.log_lines import Line, labelled, newest
from supervisor.terminal.past import past_project

PERIOD = 0.1
"""Seconds between two looks at the files."""


def run(arguments: Namespace) -> int:
    """Print logs; with `--follow` until Ctrl-C.

    Raises:
        NotRunning: There is no run whose logs could be meant.
        ConfigError: Several could be, or there is no such worker.
    """
    folder = state_dir(past_project(arguments.project)) / LOGS
    tails = Tails(folder, arguments.worker)
    if arguments.worker and not tails.workers:
        there = ", ".join(Tails(folder, "").workers) or "none yet"
        raise ConfigError(f"no log of {arguments.worker!r}; there are: {there}")
    since_ns, count = 0, arguments.lines
    if arguments.since is not None:
        since_ns = LiveTimer().Timestamp() - round(arguments.since * NS_PER_SECOND)
        count = sys.maxsize
    label = not arguments.worker
    _print(newest(tails.read(), count, since_ns), label=label)
    while arguments.follow:
        select.select([], [], [], PERIOD)
        _print(tails.read(), label=label)
    return ExitCode.DONE


def _print(lines: Iterable[Line], *, label: bool) -> None:
    for line in lines:
        sys.stdout.write(f"{labelled(line)}\n" if label else f"{line.text}\n")
    sys.stdout.flush()

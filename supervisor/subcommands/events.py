"""`supervisor events`: what has happened in the runs of a project."""

import os
import re
import select
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from lib.constants import NS_PER_SECOND, ExitCode
from lib.durations import seconds
from lib.errors import ConfigError
from lib.timer import LiveTimer
from supervisor.record.event_log import EventTail, events_path
from supervisor.record.events import LEVELS, LINES, Event, Level, as_text, encode
from supervisor.terminal.past import past_project

DATE = re.compile(r"\d{4}-\d\d-\d\d")
PERIOD = 0.1
"""Seconds between two looks at the file."""
RECENT_BYTES = 4_000_000
COLOURS = {Level.WARNING: "\x1b[33m", Level.ERROR: "\x1b[1;31m"}
PLAIN = "\x1b[0m"


def run(arguments: Namespace) -> int:
    """Print events; with `--follow` until Ctrl-C.

    Raises:
        NotRunning: There is no run whose events could be meant.
        ConfigError: Several could be, or `--since` is no time.
    """
    since_ns = _since_ns(arguments.since)
    # a time may be long ago: then all files are read, else what is enough for any screen
    tail = EventTail(
        events_path(past_project(arguments.project)), None if since_ns else RECENT_BYTES
    )
    found = [event for event in _wanted(tail.read(), arguments) if event.at_ns >= since_ns]
    count = len(found) if arguments.since else max(0, arguments.lines)
    _print(found[len(found) - min(count, len(found)) :], as_json=arguments.json)
    while arguments.follow:
        select.select([], [], [], PERIOD)
        _print(_wanted(tail.read(), arguments), as_json=arguments.json)
    return ExitCode.DONE


def _since_ns(text: str) -> int:
    """Return ns since the epoch; a duration is how long ago, a time is meant as UTC.

    Raises:
        ConfigError: It is neither.
    """
    if not text:
        return 0
    if DATE.match(text):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise ConfigError(f"--since: {text!r} is no time; write 2026-11-22T14:00") from None
        return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * NS_PER_SECOND)
    return LiveTimer().Timestamp() - round(seconds(text) * NS_PER_SECOND)


def _wanted(events: Iterable[Event], arguments: Namespace) -> Iterator[Event]:
    least = LEVELS.index(Level(arguments.level))
    for event in events:
        is_of = fnmatchcase(event.worker, arguments.worker)
        if is_of and LEVELS.index(event.level) >= least:
            yield event


def _print(events: Iterable[Event], *, as_json: bool) -> None:
    is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for event in events:
        sys.stdout.write(f"{encode(event) if as_json else _text(event, is_coloured)}\n")
    sys.stdout.flush()


def _text(event: Event, is_coloured: bool) -> str:
    said = event.facts.get(LINES) or []
    facts = {key: value for key, value in event.facts.items() if key != LINES}
    text = "\n".join([as_text(event._replace(facts=facts)), *(f"    | {line}" for line in said)])
    colour = COLOURS.get(event.level, "") if is_coloured else ""
    return f"{colour}{text}{PLAIN}" if colour else text

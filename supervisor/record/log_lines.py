"""Lines of log files: their times, their order (pure)."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

STAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*Z?")
NS_PER_US = 1_000


class Line(NamedTuple):
    """One line of a worker's log; without a time of its own it has that of the line before it."""

    at_ns: int
    worker: str
    text: str


def read_lines(worker: str, lines: Iterable[str], at_ns: int = 0) -> list[Line]:
    """Return lines with their times.

    Args:
        worker: Whose log it is.
        lines: Text or JSON lines, as the loggers write them.
        at_ns: Time of what precedes the first line, ns since the epoch.
    """
    found = []
    for text in lines:
        at_ns = time_of(text) or at_ns
        found.append(Line(at_ns, worker, text))
    return found


def time_of(text: str) -> int:
    """Return the time at a line's beginning, ns since the epoch; 0 when there is none."""
    if text.startswith("{"):
        return _json_time(text)
    stamp = STAMP.match(text)
    return _ns(stamp[1]) if stamp else 0


def newest(lines: Iterable[Line], count: int, since_ns: int) -> list[Line]:
    """Return the last `count` lines in order of time, those before `since_ns` left out."""
    wanted = sorted((line for line in lines if line.at_ns >= since_ns), key=lambda line: line.at_ns)
    return wanted[-count:] if count > 0 else []


def labelled(line: Line) -> str:
    """Return a line as it stands among those of other workers: whose it is comes first, once."""
    head, label, rest = line.text.partition(f" {line.worker.removeprefix('bot:')} ")
    is_named = label and STAMP.match(head)
    text = f"{head} {rest.lstrip()}" if is_named else line.text
    return f"{line.worker:<22} {text}"


def _json_time(text: str) -> int:
    try:
        entry = json.loads(text)
    except ValueError:
        return 0
    if isinstance(entry.get("at_ns"), int):
        return int(entry["at_ns"])
    stamp = STAMP.match(str(entry.get("time", "")))
    return _ns(stamp[1]) if stamp else 0


def _ns(stamp: str) -> int:
    try:
        moment = datetime.fromisoformat(stamp).replace(tzinfo=UTC)
    except ValueError:
        return 0
    since = moment - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * NS_PER_US

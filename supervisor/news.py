"""What is worth telling of the supervisor's log: trouble and its end (pure)."""

import json
import re
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from lib.constants import NS_PER_SECOND
from supervisor.log_lines import Line
from supervisor.render import ended

KEPT = 20
TEXT = re.compile(r"(?P<date>\S+)T(?P<clock>[\d:]{8})\S*Z (?P<worker>\S+)\s+(?P<words>.*)")
EXITED = re.compile(r"exited: (?P<reason>\w+)  code=(?P<code>-?\d+)")
ROUTINE = ("first beat", "started", "stopped")
"""Events that only say that all goes as it should."""


class Event(NamedTuple):
    """One line of the supervisor's log: `15:44:37`, whom it is about, what happened."""

    clock: str
    worker: str
    words: str


class News:
    """The newest events of the present run; starting and stopping as planned are none."""

    def __init__(self) -> None:
        """Know of nothing."""
        self._told: deque[str] = deque(maxlen=KEPT)
        self._gone_ns: dict[str, int] = {}
        self._is_stopping = False
        self.is_open = False
        """True between the beginning of a run and its orderly end."""

    def _begin(self) -> None:
        self._told.clear()
        self._gone_ns.clear()
        self._is_stopping = False
        self.is_open = True

    def take(self, lines: Iterable[Line]) -> None:
        """Take new lines of the supervisor's log."""
        for line in lines:
            event = read_event(line.text)
            if event is not None:
                self._take(event, line.at_ns)

    def newest(self, count: int) -> list[str]:
        """Return the last `count` events in words, oldest first."""
        return list(self._told)[-count:] if count > 0 else []

    def _take(self, event: Event, at_ns: int) -> None:
        if event.worker == "supervisor":
            self._follow_run(event.words)
        words = self._words(event, at_ns)
        if words:
            self._told.append(f"{event.clock}  {event.worker:<20} {words}")

    def _follow_run(self, words: str) -> None:
        if words.startswith("started"):
            self._begin()
        elif words.startswith("stopping"):
            self._is_stopping = True
        elif words.startswith("stopped"):
            self.is_open = False

    def _words(self, event: Event, at_ns: int) -> str:
        if event.words.startswith(ROUTINE):
            return ""
        if found := EXITED.match(event.words):
            self._gone_ns[event.worker] = at_ns
            if self._is_stopping and found["reason"] == "requested":
                return ""
            return ended(found["reason"], int(found["code"]))
        if event.words == "ready":
            gone_ns = self._gone_ns.pop(event.worker, 0)
            seconds = (at_ns - gone_ns) / NS_PER_SECOND
            return f"ready again after {seconds:.2f} s" if gone_ns else ""
        return event.words


def read_event(text: str) -> Event | None:
    """Return the event that a line of text or JSON tells; None when it tells none."""
    if text.startswith("{"):
        return _from_json(text)
    found = TEXT.fullmatch(text)
    return Event(found["clock"], found["worker"], found["words"]) if found else None


def _from_json(text: str) -> Event | None:
    try:
        entry = json.loads(text)
        at_ns, worker, event = entry.pop("at_ns"), entry.pop("worker"), entry.pop("event")
    except (ValueError, KeyError):
        return None
    reason = entry.pop("reason", "")
    facts = " ".join(f"{key}={value}" for key, value in entry.items())
    seconds = at_ns // NS_PER_SECOND
    clock = f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    words = f"{event}: {reason}" if reason else str(event)
    return Event(clock, str(worker), f"{words}  {facts}".rstrip())

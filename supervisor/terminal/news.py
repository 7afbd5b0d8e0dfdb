"""What is worth telling of what happens: trouble and its end (pure)."""

from collections import deque
from collections.abc import Iterable

from lib.constants import NS_PER_SECOND
from supervisor.record.events import (
    EXITED,
    KILLED,
    LINES,
    STARTED,
    STOPPED,
    SUPERVISOR,
    Event,
    gist,
)
from supervisor.terminal.render import ended

KEPT = 20
ROUTINE = ("first beat", STARTED, STOPPED)
"""Events that only say that all goes as it should."""


class News:
    """The newest events of the present run; starting and stopping as planned are none."""

    def __init__(self) -> None:
        """Know of nothing."""
        self._told: deque[str] = deque(maxlen=KEPT)
        self._gone_ns: dict[str, int] = {}
        self._is_stopping = False
        self.is_open = False
        """True between the beginning of a run and its orderly end."""

    def take(self, events: Iterable[Event]) -> None:
        """Take new events."""
        for event in events:
            if event.worker == SUPERVISOR:
                self._follow_run(event)
            words = self._words(event)
            if words:
                self._told.append(f"{event.clock}  {event.worker:<20} {words}")

    def newest(self, count: int) -> list[str]:
        """Return the last `count` events in words, oldest first."""
        return list(self._told)[-count:] if count > 0 else []

    def _follow_run(self, event: Event) -> None:
        if event.event == STARTED:
            self._told.clear()
            self._gone_ns.clear()
            self._is_stopping = False
            self.is_open = True
        elif event.event == "stopping":
            self._is_stopping = True
        elif event.event == STOPPED:
            self.is_open = False

    def _words(self, event: Event) -> str:
        if event.event in ROUTINE:
            return ""
        if event.event == EXITED:
            self._gone_ns[event.worker] = event.at_ns
            if self._is_stopping and event.reason == "requested":
                return ""
            return _end(event.reason, int(event.facts.get("code", 0)), event.facts.get(LINES))
        if event.event == "ready":
            gone_ns = self._gone_ns.pop(event.worker, 0)
            seconds = (event.at_ns - gone_ns) / NS_PER_SECOND
            return f"ready again after {seconds:.2f} s" if gone_ns else ""
        return "" if event.event == KILLED else event.words


def _end(reason: str, code: int, said: list[str] | None) -> str:
    how = ended(reason, code)
    return f"{how}: {gist(said)}" if said and code > 0 else how

"""Which events a hook is told, and how often (pure)."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lib.constants import NS_PER_SECOND
from supervisor.record.events import ALIVE, LEVELS, Event, Level, as_fields

REMEMBERED = 1_000
"""Kinds of events whose last telling is remembered; more than any run has."""
COMMAND, WEBHOOK, NOTIFY = "command", "webhook", "notify"
KINDS = (COMMAND, WEBHOOK, NOTIFY)


class Hook(NamedTuple):
    """One entry of `on_event`.

    Args:
        kind: One of `KINDS`.
        target: Program with its arguments, or one URL.
        level: Least weight of what it is told.
        events: Patterns; one must match the event's name.
        workers: Patterns; one must match the worker's name.
        timeout: Seconds that one delivery may take.
        every: Seconds that must pass before the same is told again.
    """

    kind: str
    target: list[str]
    level: str
    events: list[str]
    workers: list[str]
    timeout: float
    every: float

    def __str__(self) -> str:
        """Name it without its secrets: of a URL only the beginning, of a command the program."""
        if self.kind == COMMAND:
            return f"command {self.target[0]}"
        url = urlsplit(self.target[0])
        host = url.hostname if self.kind == WEBHOOK else "…"
        return f"{self.kind} {url.scheme}://{host}"

    @property
    def wants_life(self) -> bool:
        """Whether it is told again and again that the supervisor lives: it names that event."""
        return ALIVE in self.events

    def wants(self, event: Event) -> bool:
        """Return whether it is told such an event at all."""
        if event.event == ALIVE:
            return self.wants_life
        return (
            LEVELS.index(event.level) >= LEVELS.index(Level(self.level))
            and any(fnmatchcase(event.event, pattern) for pattern in self.events)
            and any(fnmatchcase(event.worker, pattern) for pattern in self.workers)
        )


def hook_of(fields: Mapping[str, Any]) -> Hook:
    """Return the hook that JSON fields describe."""
    return Hook(**fields)


class Throttle:
    """Keeps one hook from telling the same again and again.

    Args:
        hook: The hook.
    """

    def __init__(self, hook: Hook) -> None:
        """Have told nothing."""
        self.hook = hook
        self._every_ns = round(hook.every * NS_PER_SECOND)
        self._told: dict[tuple[str, str], tuple[int, int]] = {}

    def admit(self, event: Event, now_ns: int) -> dict[str, Any] | None:
        """Return what to tell of an event; None when nothing, or not again so soon.

        The same is the same event of the same worker. How many were left out meanwhile is told
        with the next one, as `left_out`.
        """
        if not self.hook.wants(event):
            return None
        key = (event.worker, event.event)
        told_ns, left_out = self._told.pop(key, (now_ns - self._every_ns, 0))
        if now_ns - told_ns < self._every_ns:
            self._told[key] = (told_ns, left_out + 1)
            return None
        self._told[key] = (now_ns, 0)
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        fields = as_fields(event)
        if not left_out or event.event == ALIVE:
            return fields
        return {**fields, "left_out": left_out}

"""What happened to a worker or to the run: one event, its weight, its forms (pure)."""

import json
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND

SUPERVISOR = "supervisor"
"""Whom an event is about when it is about no worker."""
STARTED, STOPPED, KILLED = "started", "stopped", "was killed"
"""A run's beginning and its ends: orderly, and found out afterwards."""
ALIVE = "alive"
"""Told to hooks alone, and only to those that name it: its absence is what matters."""
EXITED = "exited"
LINES = "lines"
"""Fact of an end: what the worker said last, oldest first."""
FATAL = "Fatal Python error"
"""How the traceback of a crash in C begins."""
LONGEST_REASON = 2_000
"""Characters; a reason that a worker made up must not fill the log."""


SILENT = (-signal.SIGKILL, -signal.SIGTERM)
"""Codes of ends that come from outside: what was said before has nothing to do with them."""


class Level(StrEnum):
    """How much an event matters: as planned, trouble that is being healed, look now."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


ERRORS = frozenset(
    {
        *("failed", "halted", "stuck", "refused", "not started", "alarm", KILLED),
        *("outage", "escalate", "change in trouble"),
    }
)
WARNINGS = frozenset(
    {
        *("stale", "slow", "sick", "hung", "killed", "backoff", "restart asked", "overload"),
        *("resubscribe", "reconnect", "refused a restart", "forced to stop", "armed"),
        *("ended", "ended a stray process", "fork server ended", "no fork server"),
        *("spare worker ended", "not preloaded"),
        *("bad frame", "lives not recorded", "hook failed", "events lost", "message not delivered"),
    }
)
LEVELS = tuple(Level)
_KNOWN = ("at", "at_ns", "epoch", "level", "worker", "event", "reason")


class Event(NamedTuple):
    """One event.

    Args:
        at_ns: When, ns since the epoch.
        epoch: Number of the run.
        worker: Whom it is about: a worker's name, or `supervisor`.
        event: What: `started`, `ready`, `exited`, `stale`, …
        reason: Why, or the evidence; may be empty.
        facts: What else is known, JSON values by name.
    """

    at_ns: int
    epoch: int
    worker: str
    event: str
    reason: str = ""
    facts: dict[str, Any] = {}  # noqa: RUF012 - never changed in place

    @property
    def level(self) -> Level:
        """How much it matters."""
        if self.event in ERRORS:
            return Level.ERROR
        is_unplanned = self.event == EXITED and self.reason != "requested"
        return Level.WARNING if is_unplanned or self.event in WARNINGS else Level.INFO

    @property
    def words(self) -> str:
        """What happened, why and with which facts; of its last lines only the last one."""
        reason = f": {self.reason}" if self.reason else ""
        facts = " ".join(f"{key}={value}" for key, value in self.facts.items() if key != LINES)
        said = self.facts.get(LINES) if self.facts.get("code") not in SILENT else None
        last = f" said={gist(said)!r}" if said else ""
        return f"{self.event}{reason}  {facts}{last}".rstrip()

    @property
    def clock(self) -> str:
        """Its time of day: `15:44:37`, UTC."""
        return iso(self.at_ns)[11:19]


def gist(lines: Sequence[str]) -> str:
    """Return the one of a worker's last lines that says most: of a crash in C the first."""
    return next((line for line in lines if line.startswith(FATAL)), lines[-1])


def iso(at_ns: int) -> str:
    """Return a time as ISO 8601 with milliseconds, UTC."""
    at = datetime.fromtimestamp(at_ns / NS_PER_SECOND, UTC)
    return f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z"


def as_fields(event: Event) -> dict[str, Any]:
    """Return an event as one flat JSON object."""
    return {
        "at": iso(event.at_ns),
        "at_ns": event.at_ns,
        "epoch": event.epoch,
        "level": event.level.value,
        "worker": event.worker,
        "event": event.event,
        "reason": event.reason[:LONGEST_REASON],
        **{key: value for key, value in event.facts.items() if key not in _KNOWN},
    }


def encode(event: Event) -> str:
    """Return an event as a line of JSON, without its end."""
    return json.dumps(as_fields(event), default=str, ensure_ascii=False)


def decode(line: str) -> Event | None:
    """Return the event that a line tells; None for a torn or foreign one."""
    try:
        fields = json.loads(line)
        event = Event(
            int(fields["at_ns"]),
            int(fields.get("epoch", 0)),
            str(fields["worker"]),
            str(fields["event"]),
            str(fields.get("reason", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    facts = {key: value for key, value in fields.items() if key not in _KNOWN}
    return event._replace(facts=facts)


def as_text(event: Event) -> str:
    """Return an event as a line for people."""
    return f"{iso(event.at_ns)} {event.worker:<22} {event.words}"

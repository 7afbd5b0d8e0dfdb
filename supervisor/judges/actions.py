"""What the life of a worker asks its keeper to do (pure)."""

import signal
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a new life."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Send a signal to the present life."""

    number: signal.Signals


@dataclass(frozen=True, slots=True)
class Condemn:
    """Take the present life off the roster: it may no longer act."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The limit is exceeded: do what `on_failed` says."""

    on_failed: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a line in the log and the history."""

    event: str
    reason: str = ""
    facts: dict[str, object] = field(default_factory=dict)


Action = Spawn | Kill | Condemn | GiveUp | Note

"""How a worker is brought back: the numbers, and why they are as they are (pure)."""

from dataclasses import dataclass

BACKOFF_BASE = 0.2
"""Seconds before the second restart in a row; doubles from there, up to the cap."""
HUNG_GRACE = 0.25
"""Seconds from SIGTERM to SIGKILL for a loop that no longer turns: it cannot clean up anyway."""
OUTSIDE_KILL_WEIGHT = 1 / 3
"""A SIGKILL from outside, after the worker was ready, says little about the worker."""
FAILED_RETRY = 300.0
"""Seconds after which an isolated worker is tried again."""
REPEAT_GAP = 300.0
"""Seconds between the first two restarts for one illness, doubling: when a restart does not heal
it, the cause is outside (the exchange, the network, the code), and restarting only adds load. The
worker goes on probing by itself."""

CURED_SECONDS = 30.0
"""Data that stays fresh for so long after a restart was healed by it."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How a worker is brought back.

    Args:
        backoff_min: Seconds before the first restart after a failure.
        backoff_max: Cap of the wait, seconds.
        limit: Failures within `window` after which the worker is `failed`.
        window: Seconds.
        on_failed: `isolate` (leave it out, try again after 5 min), `stop` (stop the system) or
            `halt` (stop new risk, leave the rest running).
        grace: Seconds between SIGTERM and SIGKILL.
        stable: Seconds of readiness after which earlier failures are forgiven.
        start_timeout: Seconds that a life may take until its first heartbeat.
        restarts_with: Workers, by name or kind, whose unasked end restarts this one, too.
    """

    backoff_min: float = 0.0
    backoff_max: float = 30.0
    limit: int = 10
    window: float = 60.0
    on_failed: str = "isolate"
    grace: float = 5.0
    stable: float = 10.0
    start_timeout: float = 30.0
    restarts_with: tuple[str, ...] = ()

"""How long to wait before the next connect (pure logic)."""

from collections import deque
from collections.abc import Callable

from lib.constants import NS_PER_SECOND

FIRST_SECONDS = 0.05
CAP_SECONDS = 5.0
JITTER = 0.5
"""Up to this share is taken off, so that connections broken together do not return together."""
STABLE_NS = 5 * NS_PER_SECOND
"""A connection that lived this long was a success."""

MAX_CONNECTS = 250
WINDOW_NS = 300 * NS_PER_SECOND
"""300 connects per 5 minutes and address are documented for spot; some are left to others."""


class Backoff:
    """Waits of 0, 50 ms, 100 ms, … up to 5 s between attempts.

    Args:
        random: Returns [0, 1).
    """

    def __init__(self, random: Callable[[], float]) -> None:
        """Start with an immediate attempt."""
        self._random = random
        self.attempts = 0

    def next_seconds(self) -> float:
        """Return the wait before the next attempt, and count it."""
        self.attempts += 1
        if self.attempts == 1:
            return 0.0
        # the exponent is capped, too: an outage of days must not overflow
        wait = min(CAP_SECONDS, FIRST_SECONDS * (1 << min(self.attempts - 2, 16)))
        return wait * (1 - JITTER * self._random())

    def lived(self, life_ns: int) -> None:
        """Start over if the last connection lived long enough to count as a success."""
        if life_ns >= STABLE_NS:
            self.attempts = 0


class ConnectBudget:
    """The exchange's limit on connection attempts, shared by all connections of the process."""

    def __init__(self, limit: int = MAX_CONNECTS, window_ns: int = WINDOW_NS) -> None:
        """Start with nothing used."""
        self._window_ns = window_ns
        self._used: deque[int] = deque(maxlen=limit)

    def take(self, now_ns: int) -> int:
        """Reserve one attempt; return how many ns to wait before making it."""
        oldest_ns = self._used[0] if len(self._used) == self._used.maxlen else None
        due_ns = now_ns if oldest_ns is None else max(now_ns, oldest_ns + self._window_ns)
        self._used.append(due_ns)
        return due_ns - now_ns

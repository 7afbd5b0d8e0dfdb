"""When quoting pauses, why, and until when (pure)."""

from collections.abc import Iterable
from typing import NamedTuple

from bot.clp.conditions.condition import Condition
from bot.clp.view import View


class Change(NamedTuple):
    """A pause began, goes on for other causes, or ended (both texts empty)."""

    causes: str
    """Names of the conditions that object."""
    reason: str
    """Their words."""
    lasted_ns: int
    """How long quoting has paused so far."""


class Pauses:
    """Asks the conditions; after its wait a pause is over when none has anything against it.

    Args:
        conditions: Rows (name, condition); the longest wait of those that object counts.
    """

    def __init__(self, conditions: Iterable[tuple[str, Condition]]) -> None:
        """Start unpaused."""
        self._conditions = list(conditions)
        self.causes = ""
        self.reason = ""
        """Why quoting pauses, "" while it does not."""
        self.until = 0
        """End of its time, ns since the epoch; what is stored."""
        self._until_ns = 0
        self._since_ns = 0

    def see(self, view: View) -> None:
        """Take in a new book."""
        for _, condition in self._conditions:
            condition.see(view)

    def impose(
        self, causes: str, reason: str, wait_ns: int, timestamp: int, now_ns: int
    ) -> Change | None:
        """Pause, or go on pausing, at least for a time.

        Args:
            causes: Names of what objects.
            reason: Their words.
            wait_ns: The time.
            timestamp: Time since the epoch, ns.
            now_ns: Monotonic.

        Returns:
            What changed, None when it pauses for the same causes already.
        """
        if not self.reason:
            self._since_ns = now_ns
        is_same = bool(self.reason) and causes == self.causes
        self.causes, self.reason = causes, reason
        if now_ns + wait_ns > self._until_ns:
            self._until_ns, self.until = now_ns + wait_ns, timestamp + wait_ns
        return None if is_same else Change(causes, reason, now_ns - self._since_ns)

    def check(self, view: View, now_ns: int) -> Change | None:
        """Look at the conditions, unless a pause's time is still running.

        Returns:
            What changed, None for nothing.
        """
        if self.reason and now_ns < self._until_ns:
            return None
        against = [
            (name, reason, condition.wait_ns)
            for name, condition in self._conditions
            if (reason := condition.trouble(view))
        ]
        if against:
            names, reasons, waits = zip(*against, strict=True)
            return self.impose(
                ", ".join(names), "; ".join(reasons), max(waits), view.timestamp, now_ns
            )
        if not self.reason:
            return None
        self.causes = self.reason = ""
        self.until = 0
        return Change("", "", now_ns - self._since_ns)

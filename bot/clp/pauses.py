"""When quoting pauses, why, and until when (pure)."""

from collections.abc import Iterable
from typing import NamedTuple

from bot.clp.conditions.condition import Condition
from bot.clp.view import View


class Change(NamedTuple):
    """A pause began, goes on for another reason, or ended (reason "")."""

    reason: str
    lasted_ns: int
    """How long quoting has paused so far."""


class Pauses:
    """Asks the conditions; after its wait a pause is over when none has anything against it.

    Args:
        conditions: All of them; the longest wait of those that object counts.
    """

    def __init__(self, conditions: Iterable[Condition]) -> None:
        """Start unpaused."""
        self._conditions = list(conditions)
        self.reason = ""
        """Why quoting pauses, "" while it does not."""
        self.until_ns = 0
        self._since_ns = 0

    def see(self, view: View) -> None:
        """Take in a new book."""
        for condition in self._conditions:
            condition.see(view)

    def impose(self, reason: str, wait_ns: int, now_ns: int) -> Change:
        """Pause for a reason that is none of the conditions'."""
        if not self.reason:
            self._since_ns = now_ns
        self.reason = reason
        self.until_ns = max(self.until_ns, now_ns + wait_ns)
        return Change(reason, now_ns - self._since_ns)

    def check(self, view: View, now_ns: int) -> Change | None:
        """Look at the conditions, unless a pause's time is still running.

        Returns:
            What changed, None for nothing.
        """
        if self.reason and now_ns < self.until_ns:
            return None
        against = [
            (reason, condition.wait_ns)
            for condition in self._conditions
            if (reason := condition.trouble(view))
        ]
        if against:
            before = self.reason
            change = self.impose(
                "; ".join(reason for reason, _ in against), max(wait for _, wait in against), now_ns
            )
            return change if change.reason != before else None
        if not self.reason:
            return None
        self.reason = ""
        return Change("", now_ns - self._since_ns)

"""Positions that cannot be left: which owners' reduce-only orders keep failing (pure).

One exit that fails is the bot's own affair. When none has come through for seconds, the position
is at the market's mercy, and somebody must be told. All times are monotonic.
"""

from collections.abc import Callable

from lib.constants import NS_PER_SECOND

ALARM_NS = 5 * NS_PER_SECOND
"""How long exits may fail before somebody is told."""


class Exits:
    """Watches reduce-only orders of all owners."""

    def __init__(self) -> None:
        """Have seen none fail."""
        self._since: dict[str, tuple[int, str]] = {}
        self._told: set[str] = set()

    def failed(self, owner: str, reason: str, now_ns: int) -> None:
        """Note that an order which only reduces did not reach the exchange, or may not have."""
        since_ns, _ = self._since.get(owner, (now_ns, reason))
        self._since[owner] = (since_ns, reason)

    def passed(self, owner: str) -> None:
        """Note that one was accepted."""
        self._since.pop(owner, None)
        self._told.discard(owner)

    def due(self, is_over: Callable[[str], bool], now_ns: int) -> list[str]:
        """Return what somebody must be told now; each owner's trouble once, until it is over.

        Args:
            is_over: Returns whether an owner has nothing to leave, or is on its way out.
            now_ns: Monotonic time.
        """
        found = []
        for owner, (since_ns, reason) in list(self._since.items()):
            if is_over(owner):
                self.passed(owner)
            elif owner not in self._told and now_ns - since_ns >= ALARM_NS:
                self._told.add(owner)
                seconds = ALARM_NS // NS_PER_SECOND
                found.append(f"exits of {owner} have failed for {seconds} s: {reason}")
        return found

"""What stops a bot from adding risk until somebody, or time, lets it go on (pure).

Halts and the daily loss are latches: only `resume` opens them, also after a restart. The circuit
breaker pauses a bot whose orders are refused again and again, and ends by itself.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.oms.risk import EVERYONE
from lib.oms.rows import Fact, fact

HALTS = "halts"
PAUSES = "pauses"
WINDOW_NS = 10 * NS_PER_SECOND
PAUSE_NS = 60 * NS_PER_SECOND


class Latches:
    """Which owners may not add risk, and why.

    Args:
        facts: The journal's facts.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Go on as a former life of the process left it."""
        self._halts: dict[str, str] = dict(facts.get(HALTS, {}))
        self._pauses: dict[str, int] = dict(facts.get(PAUSES, {}))
        self._refused: dict[str, deque[int]] = defaultdict(deque)

    @property
    def halts(self) -> dict[str, str]:
        """Return owner (or `*`) -> reason of every latch."""
        return dict(self._halts)

    def reason(self, owner: str, now_ns: int) -> str:
        """Return why an owner may not add risk, "" when it may; `now_ns` since the epoch."""
        for name in (EVERYONE, owner):
            if name in self._halts:
                return f"halted: {self._halts[name]}"
        left_ns = self._pauses.get(owner, 0) - now_ns
        if left_ns > 0:
            return f"paused for {left_ns / NS_PER_SECOND:.0f} s more: too many refused orders"
        return ""

    def halt(self, owners: Iterable[str], reason: str) -> Fact | None:
        """Latch owners; a latch that holds already keeps its reason. Returns what to journal."""
        new = [owner for owner in owners if owner not in self._halts]
        self._halts |= dict.fromkeys(new, reason)
        return fact(HALTS, self._halts) if new else None

    def resume(self, owners: Iterable[str] | None) -> list[Fact]:
        """Open the latches and end the pauses of owners, or all; return what to journal."""
        names = [*self._halts, *self._pauses] if owners is None else list(owners)
        for name in names:
            self._halts.pop(name, None)
            self._pauses.pop(name, None)
            self._refused.pop(name, None)
        return [fact(HALTS, self._halts), fact(PAUSES, self._pauses)]

    def on_refused(self, owner: str, allowed: int, now_ns: int) -> Fact | None:
        """Count a refused order; return what to journal when it is one too many.

        Args:
            owner: Whose.
            allowed: Refusals within ten seconds that are still borne; 0 = any number.
            now_ns: Time since the epoch.
        """
        refused = self._refused[owner]
        refused.append(now_ns)
        while refused and refused[0] <= now_ns - WINDOW_NS:
            refused.popleft()
        if not allowed or len(refused) <= allowed:
            return None
        refused.clear()
        self._pauses[owner] = now_ns + PAUSE_NS
        return fact(PAUSES, self._pauses)

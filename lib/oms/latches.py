"""What stops a bot from adding risk until somebody, or time, lets it go on (pure).

Halts and the daily loss are latches: only `resume` opens them, also after a restart. The circuit
breaker pauses a bot whose orders are refused again and again, and ends by itself. The same order
that the exchange refuses again and again is cut for a second, also one that only reduces.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND
from lib.oms.risk import EVERYONE
from lib.oms.rows import Fact, fact
from lib.oms.tracked import Tracked

HALTS = "halts"
PAUSES = "pauses"
WINDOW_NS = 10 * NS_PER_SECOND
PAUSE_NS = 60 * NS_PER_SECOND
CUT_AFTER = 5
"""Refusals of the same order within a second that are borne: a few race with a fill or a cancel."""
CUT_NS = NS_PER_SECOND
FORGET_NS = 10 * NS_PER_SECOND
"""An order that was not refused for so long has a clean slate."""

Key = tuple[object, ...]


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


class Cut(NamedTuple):
    """Why an order is not sent."""

    reason: str
    code: int
    """The exchange's, of the refusals before."""


@dataclass(slots=True)
class _Refused:
    code: int
    reason: str = ""
    newest_ns: int = 0
    times: deque[int] = field(default_factory=lambda: deque(maxlen=CUT_AFTER))
    cut_until_ns: int = 0
    """0 = it was never cut."""


class Repeats:
    """Cuts what the exchange would refuse once more; times are monotonic.

    An exit in a loop would use up the order limit of the whole account, other bots' exits with it.
    Another order than the refused one is never held up, and each second one may try again.
    """

    def __init__(self) -> None:
        """Have seen none refused."""
        self._rows: dict[Key, _Refused] = {}

    def cut(self, order: Tracked, now_ns: int) -> Cut | None:
        """Return why an order is not sent now, None when it may be; it then counts as a try."""
        row = self._rows.get(_key(order)) if self._rows else None
        if row is None or not row.cut_until_ns or now_ns - row.newest_ns > FORGET_NS:
            return None
        if now_ns >= row.cut_until_ns:
            # the next one waits for what becomes of this one
            row.cut_until_ns = now_ns + CUT_NS
            return None
        return Cut(f"refused again and again, waits a second: {row.reason}", row.code)

    def on_refused(self, order: Tracked, code: int, reason: str, now_ns: int) -> None:
        """Note that the exchange has refused an order for cause."""
        self._forget(now_ns)
        key = _key(order)
        row = self._rows.pop(key, None)
        if row is None or row.code != code:
            row = _Refused(code)
        self._rows[key] = row
        row.reason, row.newest_ns = reason, now_ns
        row.times.append(now_ns)
        often = len(row.times) == CUT_AFTER and row.times[0] > now_ns - CUT_NS
        if often or row.cut_until_ns:
            row.cut_until_ns = now_ns + CUT_NS

    def on_taken(self, order: Tracked) -> None:
        """Note that the exchange has taken an order: whatever stood in its way is gone."""
        if self._rows:
            self._rows.pop(_key(order), None)

    def _forget(self, now_ns: int) -> None:
        while self._rows:
            oldest = next(iter(self._rows))
            if now_ns - self._rows[oldest].newest_ns <= FORGET_NS:
                return
            del self._rows[oldest]


def _key(order: Tracked) -> Key:
    return order.owner, order.side, order.type, order.qty, order.price, order.reduce_only

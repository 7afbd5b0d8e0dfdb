"""The exchange's rate limits, as its own headers tell them (pure).

`now_ns` is the exchange's clock: its windows are whole minutes and whole tens of seconds.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from lib.constants import NS_PER_MINUTE, NS_PER_SECOND
from lib.oms.rows import Fact, fact


class Priority(IntEnum):
    """Who goes first when little is left."""

    CANCEL = 0
    REDUCE = 1
    MARKET = 2
    LIMIT = 3
    OPEN = 4
    """What must be known before anything can be posted: a start, a gap in the account stream."""
    QUERY = 5
    """What became of one order."""
    READ = 6
    DOUBT = 7
    """What became of an order that the exchange denies to have."""


SHARES = {
    Priority.CANCEL: 1.0,
    Priority.REDUCE: 1.0,
    Priority.MARKET: 0.95,
    Priority.LIMIT: 0.9,
    Priority.OPEN: 0.73,
    Priority.QUERY: 0.68,
    Priority.READ: 0.6,
    Priority.DOUBT: 0.4,
}
"""Share of a limit that may be used before a kind of request has to wait for the next window; our
own questions, a whole start's included, stay below what turns `isOnline` False."""
ORDERS = frozenset({Priority.REDUCE, Priority.MARKET, Priority.LIMIT})
FACT = "budget"
LIMITED = "rate limited by the exchange"
SOFT = 0.8
"""Share of a limit at which `isOnline` turns False."""


class Limit(NamedTuple):
    """One limit of the exchange."""

    name: str
    """`weight`, `orders_10s` or `orders_1m`."""
    allowed: int
    window_ns: int


DEFAULTS = (
    Limit("weight", 2_400, NS_PER_MINUTE),
    Limit("orders_10s", 300, 10 * NS_PER_SECOND),
    Limit("orders_1m", 1_200, NS_PER_MINUTE),
)


class Budget:
    """What is used of each limit, and until when nothing may be sent.

    Args:
        soft: Share of a limit from which on it is called used up.
    """

    def __init__(self, soft: float = SOFT) -> None:
        """Start with the default limits, unused."""
        self._soft = soft
        self._limits = {limit.name: limit for limit in DEFAULTS}
        self._used: dict[str, tuple[int, int]] = {}
        self._blocked_ns: dict[str, int] = {}
        self._why: dict[str, str] = {}

    def set_limits(self, limits: Iterable[Limit]) -> None:
        """Take over the limits that the exchange states."""
        self._limits.update({limit.name: limit for limit in limits})

    def on_used(self, name: str, used: int, now_ns: int) -> None:
        """Take in how much of a limit's present window is used."""
        window = now_ns // self._limits[name].window_ns
        known_window, known = self._used.get(name, (0, 0))
        if window > known_window:
            self._used[name] = (window, used)
        elif window == known_window:
            # answers overtake each other: within one window the use only grows
            self._used[name] = (window, max(used, known))

    def block(self, name: str, until_ns: int, why: str = LIMITED) -> None:
        """Take in that a limit was hit; `weight` stops every request."""
        if until_ns > self._blocked_ns.get(name, 0):
            self._blocked_ns[name], self._why[name] = until_ns, why

    def blocked(self, now_ns: int) -> str:
        """Return why the exchange takes nothing, or no orders, "" while it does."""
        name = max(self._blocked_ns, key=self._blocked_ns.__getitem__, default="")
        return self._why.get(name, LIMITED) if self._blocked_ns.get(name, 0) > now_ns else ""

    def share(self, name: str, now_ns: int) -> float:
        """Return the used share of a limit, 0 … 1 or more."""
        limit = self._limits[name]
        window, used = self._used.get(name, (0, 0))
        return used / limit.allowed if window == now_ns // limit.window_ns else 0.0

    def wait_ns(self, now_ns: int, priority: Priority) -> int:
        """Return how long a request must wait, 0 = not at all.

        A limit that was hit holds up everything, also cancels; one that is nearly used up holds up
        what is less urgent, until its window ends.
        """
        names = self._limits if priority in ORDERS else ("weight",)
        return max(self._wait_ns(name, now_ns, SHARES[priority]) for name in names)

    def _wait_ns(self, name: str, now_ns: int, share: float) -> int:
        blocked_ns = max(0, self._blocked_ns.get(name, 0) - now_ns)
        if share >= 1.0 or self.share(name, now_ns) < share:
            return blocked_ns
        window_ns = self._limits[name].window_ns
        return max(blocked_ns, window_ns - now_ns % window_ns)

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Go on with what a former life of the process had used, and with its bans."""
        kept = facts.get(FACT, {})
        self.set_limits(Limit(*row) for row in kept.get("limits", ()))
        self._used = {name: (at, used) for name, (at, used) in kept.get("used", {}).items()}
        self._blocked_ns = dict(kept.get("blocked", {}))
        self._why = dict(kept.get("why", {}))

    def keep(self) -> Fact:
        """Return what the next life must know."""
        limits = [tuple(limit) for limit in self._limits.values()]
        blocked = {"blocked": self._blocked_ns, "why": self._why}
        return fact(FACT, {"used": self._used, **blocked, "limits": limits})

    def trouble(self, now_ns: int) -> str:
        """Return why a bot should hold back, "" when it need not."""
        if why := self.blocked(now_ns):
            return why
        for name in self._limits:
            if self.share(name, now_ns) >= self._soft:
                return f"{name} limit used to {self.share(name, now_ns):.0%}"
        return ""

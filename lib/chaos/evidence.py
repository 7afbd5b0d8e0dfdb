"""What the oracle judges, and what it finds (pure)."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from lib.chaos.ids import Owners
from lib.chaos.journal import Journal
from lib.chaos.ledger import Ledger
from lib.chaos.records import Notebook

LONG_GRACE = 15.0
"""Seconds from which nobody waits for a finding to ripen."""


class Limits(NamedTuple):
    """The risk limits of the drilled configuration; None = there is no such limit."""

    max_position_usd: Decimal | None = None
    max_order_usd: Decimal | None = None
    max_order_qty: Decimal | None = None
    max_open_orders: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything at one instant.

    Args:
        ledger: The venue's.
        notebooks: Owner -> what its bot wrote.
        journal: The journal's content; None before there is one.
        owners: Whose is which order.
        limits: The configured risk limits.
        on_crash: Owner -> what becomes of a dead bot's orders: `cancel`, `adopt` or `leave`.
        forbidden: Ids of orders that were asked for by a life that was over.
        moved: Symbols whose position somebody else moved: the venue by force, a human by hand.
        deleted: Ids, client ids and symbols that requests to cancel have named.
        asset: The margin asset.
    """

    ledger: Ledger
    notebooks: dict[str, Notebook]
    journal: Journal | None
    owners: Owners
    limits: Limits
    on_crash: dict[str, str] = field(default_factory=dict)
    forbidden: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    asset: str = "USDT"


class Finding(NamedTuple):
    """One thing that is not as it must be.

    Args:
        rule: Which promise is broken.
        about: The order, fill or symbol: a finding with the same rule and subject is the same.
        what: In one sentence.
        grace: Seconds that it may last: what is on its way to being right is no violation.
    """

    rule: str
    about: str
    what: str
    grace: float = 0.0


@dataclass(slots=True)
class Violation:
    """A finding that has outlived its grace."""

    finding: Finding
    after: str
    """The fault before it."""
    at_ns: int
    facts: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return it as the report shows it."""
        finding = self.finding
        return {
            "rule": finding.rule,
            "about": finding.about,
            "what": finding.what,
            "after": self.after,
            "at_ns": self.at_ns,
            **self.facts,
        }


class Ripening:
    """Turns findings into violations once they have lasted for longer than they may."""

    def __init__(self) -> None:
        """Have found nothing."""
        self._since: dict[tuple[str, str], int] = {}
        self._told: set[tuple[str, str]] = set()
        self._slow: set[tuple[str, str]] = set()

    def look(self, findings: list[Finding], now_ns: int) -> list[Finding]:
        """Return what has become a violation; `now_ns` is monotonic."""
        ripe = []
        keys = {(finding.rule, finding.about) for finding in findings}
        self._since = {key: at_ns for key, at_ns in self._since.items() if key in keys}
        for finding in findings:
            key = (finding.rule, finding.about)
            since_ns = self._since.setdefault(key, now_ns)
            if finding.grace > LONG_GRACE:
                self._slow.add(key)
            if key not in self._told and now_ns - since_ns >= finding.grace * 1_000_000_000:
                self._told.add(key)
                ripe.append(finding)
        return ripe

    def pending(self, before_ns: int) -> int:
        """Return how many findings are older than an instant and not told yet.

        Those with a long grace do not count: they ripen while other faults strike.
        """
        return sum(
            1
            for key, since_ns in self._since.items()
            if since_ns <= before_ns and key not in self._told | self._slow
        )

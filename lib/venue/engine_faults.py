"""Faults of the engine that change what an account sees, for tests and drills (pure data)."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from lib.venue.accounts import Account
from lib.venue.orders import VenueOrder

NEVER = 1 << 62
Row = TypeVar("Row")


@dataclass(slots=True)
class Hiding:
    """Orders that read endpoints do not show; empty sets mean all of them."""

    until_ns: int
    client_ids: frozenset[str]
    endpoints: frozenset[str]

    def covers(self, order: VenueOrder, endpoint: str, now_ns: int) -> bool:
        """Return whether an endpoint hides an order now."""
        return (
            now_ns < self.until_ns
            and (not self.client_ids or order.client_id in self.client_ids)
            and (not self.endpoints or endpoint in self.endpoints)
        )


@dataclass(slots=True)
class ReadLag:
    """Reads show the past: copies of the accounts as they were, by the time they became so."""

    lag_ns: int
    until_ns: int
    copies: dict[str, list[tuple[int, Account]]] = field(default_factory=dict)

    def remember(self, account: Account, now_ns: int) -> None:
        """Keep a copy of an account that has changed."""
        self.copies.setdefault(account.name, []).append((now_ns, deepcopy(account)))

    def view(self, account: Account, now_ns: int) -> Account:
        """Return the account as it was `lag_ns` ago, or as old as is known."""
        if now_ns >= self.until_ns:
            return account
        copies = self.copies.get(account.name, [])
        while len(copies) > 1 and copies[1][0] <= now_ns - self.lag_ns:
            del copies[0]
        return copies[0][1] if copies else account


class FaultState:
    """Which faults are on, and until when."""

    def __init__(self) -> None:
        """Start without faults."""
        self.hidings: list[Hiding] = []
        self.lag: ReadLag | None = None
        self.late_count = 0
        self.late_ns = 0
        self.late_code = -1007
        self.subset_until_ns = 0
        self.subset_keep = 0.5
        self.algo_hidden_until_ns = 0
        self.hold_ns = 0
        self.hold_until_ns = 0
        self.prevention_off = False
        self.dead_man_covers_algo: bool | None = None

    def hides(self, order: VenueOrder, endpoint: str, now_ns: int) -> bool:
        """Return whether a read endpoint must not show an order."""
        return any(each.covers(order, endpoint, now_ns) for each in self.hidings)

    def hides_algo(self, now_ns: int) -> bool:
        """Return whether the query of a single conditional order must fail."""
        return now_ns < self.algo_hidden_until_ns

    def take_late(self) -> int | None:
        """Return the delay in ns of the placement at hand, None when it is not made late."""
        if not self.late_count:
            return None
        self.late_count -= 1
        return self.late_ns

    def hold_triggering_ns(self, now_ns: int) -> int:
        """Return how long a triggered order stays TRIGGERING."""
        return self.hold_ns if now_ns < self.hold_until_ns else 0

    def subset(self, rows: Sequence[Row], now_ns: int, random: Random) -> list[Row]:
        """Return the rows of a list of open orders that are shown."""
        if now_ns >= self.subset_until_ns:
            return list(rows)
        return [row for row in rows if random.random() < self.subset_keep]

    def view(self, account: Account, now_ns: int) -> Account:
        """Return the account that reads see."""
        return self.lag.view(account, now_ns) if self.lag is not None else account

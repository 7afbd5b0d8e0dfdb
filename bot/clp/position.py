"""How much is held, for all that is known, while account and fills arrive apart (pure)."""

from collections import deque
from decimal import Decimal
from typing import NamedTuple

from lib.constants import NS_PER_SECOND, Side
from lib.models import ZERO

SETTLED_NS = 5 * NS_PER_SECOND
"""A fill that no account event has confirmed by then is contained in what the account says."""
SAME_ENTRY = Decimal("1e-9")
"""Entry prices that differ by less, relatively, are one price that was rounded twice."""


class _Fill(NamedTuple):
    signed: Decimal
    timestamp: int
    heard_ns: int


class Position:
    """The account's last word, and the fills after it.

    Several fills may share the time of the account's word. Of those only so much is contained in
    it, for certain, as the account has changed at that time.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self.is_known = False
        self.qty = ZERO
        """Signed base quantity, as the account says."""
        self.entry = ZERO
        self._timestamp = 0
        self._base: Decimal | None = None
        self._later: deque[_Fill] = deque()
        self._same: list[_Fill] = []

    def on_account(self, entry: Decimal, qty: Decimal, timestamp: int) -> None:
        """Take in the account's word; it contains all fills before its time."""
        if timestamp != self._timestamp:
            self._base = self.qty if self.is_known else None
            self._same = [fill for fill in self._later if fill.timestamp == timestamp]
        self.is_known = True
        self.qty, self.entry, self._timestamp = qty, entry, timestamp
        self._later = deque(fill for fill in self._later if fill.timestamp > timestamp)

    def on_fill(self, signed: Decimal, timestamp: int, now_ns: int) -> None:
        """Take in a fill, signed base quantity; one that the account contains changes nothing."""
        fill = _Fill(signed, timestamp, now_ns)
        if timestamp > self._timestamp:
            self._later.append(fill)
        elif timestamp == self._timestamp:
            self._same.append(fill)

    def estimate(self, now_ns: int) -> Decimal:
        """Return the quantity with the fills that the account has not told yet."""
        return self._sum(now_ns) + self._doubt(1, now_ns) - self._doubt(-1, now_ns)

    def worst(self, side: Side, now_ns: int) -> Decimal:
        """Return how far the position may be on a side: its quantity there, negative beyond."""
        sign = 1 if side is Side.BUY else -1
        return max(sign * self.qty, sign * self._sum(now_ns)) + self._doubt(sign, now_ns)

    def _sum(self, now_ns: int) -> Decimal:
        while self._later and now_ns - self._later[0].heard_ns > SETTLED_NS:
            self._later.popleft()
        return sum((fill.signed for fill in self._later), self.qty)

    def _doubt(self, sign: int, now_ns: int) -> Decimal:
        """Return how much of one direction, unsigned, the account's word may not contain."""
        if not self._same or self._base is None:
            return ZERO
        fresh = (fill.signed for fill in self._same if now_ns - fill.heard_ns <= SETTLED_NS)
        told = sum((sign * signed for signed in fresh if sign * signed > 0), ZERO)
        return max(ZERO, told - max(ZERO, sign * (self.qty - self._base)))


def same_entry(one: Decimal, other: Decimal) -> bool:
    """Return whether two entry prices are the same."""
    return abs(one - other) <= SAME_ENTRY * max(abs(one), abs(other))

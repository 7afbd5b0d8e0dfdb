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
    """The account's last word, and the fills after it."""

    def __init__(self) -> None:
        """Know nothing."""
        self.is_known = False
        self.qty = ZERO
        """Signed base quantity, as the account says."""
        self.entry = ZERO
        self._timestamp = 0
        self._fills: deque[_Fill] = deque()

    def on_account(self, entry: Decimal, qty: Decimal, timestamp: int) -> None:
        """Take in the account's word; it contains all fills up to its time."""
        self.is_known = True
        self.qty, self.entry, self._timestamp = qty, entry, timestamp
        self._fills = deque(fill for fill in self._fills if fill.timestamp > timestamp)

    def on_fill(self, signed: Decimal, timestamp: int, now_ns: int) -> None:
        """Take in a fill, signed base quantity; one that the account contains changes nothing."""
        if timestamp > self._timestamp:
            self._fills.append(_Fill(signed, timestamp, now_ns))

    def estimate(self, now_ns: int) -> Decimal:
        """Return the quantity with the fills that the account has not told yet."""
        while self._fills and now_ns - self._fills[0].heard_ns > SETTLED_NS:
            self._fills.popleft()
        return sum((fill.signed for fill in self._fills), self.qty)

    def worst(self, side: Side, now_ns: int) -> Decimal:
        """Return how far the position may be on a side: its quantity there, negative beyond."""
        sign = 1 if side is Side.BUY else -1
        return max(sign * self.qty, sign * self.estimate(now_ns))


def same_entry(one: Decimal, other: Decimal) -> bool:
    """Return whether two entry prices are the same."""
    return abs(one - other) <= SAME_ENTRY * max(abs(one), abs(other))

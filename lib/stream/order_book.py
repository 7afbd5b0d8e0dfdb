"""One symbol's local order book, kept from a snapshot and a diff stream (pure logic).

Rules of the USD-M diff stream: the first event after a snapshot L must bridge it (U <= L <= u),
every later one must follow its predecessor (pu == previous u); quantities are absolute, 0 deletes.
Source: https://developers.binance.com/docs/derivatives/usds-margined-futures, "How to manage a
local order book correctly", read 2026-05-28.
"""

from bisect import bisect_left
from collections import deque
from decimal import Decimal
from enum import Enum, auto
from typing import NamedTuple

from lib.helpers import decimal

BUFFERED = 2_000
"""Diffs kept while a snapshot is awaited: over three minutes of a 100 ms stream."""

WireLevel = list[str]
"""[price, quantity] as on the wire."""
Level = tuple[Decimal, Decimal]
"""(price, base quantity)."""


class Diff(NamedTuple):
    """One event of the diff stream."""

    symbol: str
    first_id: int
    last_id: int
    previous_id: int
    bids: list[WireLevel]
    asks: list[WireLevel]
    event_ns: int
    latency_ns: int


class BookState(Enum):
    """What a local book can be used for."""

    UNSYNCED = auto()
    """Not valid: a snapshot is needed."""
    SNAPSHOT = auto()
    """Not valid: it has a snapshot, and waits for the diff that bridges it."""
    SYNCED = auto()
    """Valid."""


class BookSide:
    """Levels of one side: quantity by price, and the prices in ascending order."""

    def __init__(self, levels: list[WireLevel]) -> None:
        """Take a snapshot's levels, in any order."""
        self.qty_by_price = {decimal(price): decimal(qty) for price, qty, *_ in levels}
        self.prices = sorted(self.qty_by_price)

    def put(self, price: Decimal, qty: Decimal) -> None:
        """Set a level; quantity 0 removes it, and removing an unknown one is normal."""
        index = bisect_left(self.prices, price)
        if not qty:
            if self.qty_by_price.pop(price, None) is not None:
                del self.prices[index]
            return
        if price not in self.qty_by_price:
            self.prices.insert(index, price)
        self.qty_by_price[price] = qty

    def levels(self, prices: list[Decimal]) -> list[Level]:
        """Return (price, quantity) of some prices."""
        return [(price, self.qty_by_price[price]) for price in prices]


class OrderBook:
    """Bids and asks of one symbol; says by `state` when it cannot be trusted.

    Diffs that come while it is not valid are kept (bounded) and applied once a snapshot is there.
    """

    def __init__(self, symbol: str) -> None:
        """Start without a snapshot."""
        self.symbol = symbol
        self.state = BookState.UNSYNCED
        self.last_id = 0
        self.event_ns = 0
        self.breaks = 0
        """Times a valid book had to be thrown away."""
        self._bids = BookSide([])
        self._asks = BookSide([])
        self._waiting: deque[Diff] = deque(maxlen=BUFFERED)

    @property
    def needs_snapshot(self) -> bool:
        """Whether a snapshot must be fetched before anything else helps."""
        return self.state is BookState.UNSYNCED

    @property
    def has_diffs(self) -> bool:
        """Whether diffs wait for a snapshot: one that is fetched before any may be too old."""
        return bool(self._waiting)

    def apply(self, diff: Diff) -> bool:
        """Take one diff; return whether the book is valid and has changed.

        A repeated or older diff changes nothing. A diff that does not follow breaks the book.
        """
        if self.state is not BookState.SYNCED:
            self._waiting.append(diff)
            return self.state is BookState.SNAPSHOT and self._catch_up()
        if diff.last_id <= self.last_id:
            return False
        if diff.previous_id != self.last_id:
            self._break(diff)
            return False
        self._put(diff)
        return self._is_sane() or self._break(None)

    def load(self, last_update_id: int, bids: list[WireLevel], asks: list[WireLevel]) -> bool:
        """Take a REST snapshot; return whether the book is valid now.

        With `needs_snapshot` still set afterwards, the snapshot was older than the diffs at hand.
        """
        self._bids = BookSide(bids)
        self._asks = BookSide(asks)
        self.last_id = last_update_id
        self.state = BookState.SNAPSHOT
        return self._catch_up()

    def invalidate(self) -> None:
        """Throw the book away: diffs may have been missed."""
        self._break(None)

    def bids(self, levels: int | None = None) -> list[Level]:
        """Return (price, quantity), best first."""
        prices = self._bids.prices[-levels:] if levels else self._bids.prices
        return self._bids.levels(prices[::-1])

    def asks(self, levels: int | None = None) -> list[Level]:
        """Return (price, quantity), best first."""
        return self._asks.levels(self._asks.prices[:levels])

    def _catch_up(self) -> bool:
        while self._waiting and self._waiting[0].last_id < self.last_id:
            self._waiting.popleft()
        if not self._waiting:
            return False
        if self._waiting[0].first_id > self.last_id:
            # the snapshot is older than the diffs at hand: only a newer one helps
            self.state = BookState.UNSYNCED
            return False
        self.state = BookState.SYNCED
        waiting, self._waiting = list(self._waiting), deque(maxlen=BUFFERED)
        self._put(waiting[0])
        for diff in waiting[1:]:
            self.apply(diff)
        return self.state is BookState.SYNCED and (self._is_sane() or self._break(None))

    def _put(self, diff: Diff) -> None:
        for side, changes in ((self._bids, diff.bids), (self._asks, diff.asks)):
            for price, qty, *_ in changes:
                side.put(decimal(price), decimal(qty))
        self.last_id = diff.last_id
        self.event_ns = diff.event_ns

    def _break(self, diff: Diff | None) -> bool:
        self.breaks += self.state is BookState.SYNCED
        self.state = BookState.UNSYNCED
        self._waiting.clear()
        if diff is not None:
            self._waiting.append(diff)
        return False

    def _is_sane(self) -> bool:
        # a crossed book has missed something, whatever its ids say
        bids, asks = self._bids.prices, self._asks.prices
        return not bids or not asks or bids[-1] < asks[0]

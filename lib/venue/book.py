"""The market's book of one symbol as far as the feed tells it (own orders are not in it)."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from lib.venue.market import Level, Levels, Quote

ZERO = Decimal(0)


class BookSide:
    """Levels of one side.

    Args:
        is_bid: Whether the best price is the highest.
    """

    def __init__(self, *, is_bid: bool) -> None:
        """Start empty."""
        self._is_bid = is_bid
        self._prices: list[Decimal] = []
        self._quantities: dict[Decimal, Decimal] = {}

    def __len__(self) -> int:
        """Return the number of known levels."""
        return len(self._prices)

    @property
    def best(self) -> Decimal | None:
        """Best price, None while the side is empty."""
        if not self._prices:
            return None
        return self._prices[-1] if self._is_bid else self._prices[0]

    @property
    def worst(self) -> Decimal | None:
        """Last known price."""
        if not self._prices:
            return None
        return self._prices[0] if self._is_bid else self._prices[-1]

    def qty(self, price: Decimal) -> Decimal:
        """Return the displayed quantity at a price, 0 where nothing is known."""
        return self._quantities.get(price, ZERO)

    def put(self, price: Decimal, qty: Decimal) -> None:
        """Set a level's absolute quantity; 0 deletes it."""
        if qty:
            if price not in self._quantities:
                insort(self._prices, price)
            self._quantities[price] = qty
        elif self._quantities.pop(price, None) is not None:
            del self._prices[bisect_left(self._prices, price)]

    def cut(self, price: Decimal, *, inclusive: bool) -> None:
        """Drop the levels better than `price`, with `inclusive` also that one."""
        while self._prices:
            best = self._prices[-1 if self._is_bid else 0]
            better = best > price if self._is_bid else best < price
            if not better and not (inclusive and best == price):
                return
            self._prices.pop(-1 if self._is_bid else 0)
            del self._quantities[best]

    def clear(self) -> None:
        """Forget all levels."""
        self._prices.clear()
        self._quantities.clear()

    def levels(self) -> Iterator[Level]:
        """Yield (price, quantity), best first."""
        prices = reversed(self._prices) if self._is_bid else iter(self._prices)
        for price in prices:
            yield price, self._quantities[price]


class Book:
    """Both sides of one symbol, fed by quotes, by depth, or by both; the newest news wins.

    While only quotes are known, the best level is exact and what lies deeper is a model: the best
    quantity is repeated at each of the next `deep_levels` ticks.

    Args:
        tick: Distance of the modelled levels.
        deep_levels: Their number.
    """

    def __init__(self, tick: Decimal, deep_levels: int) -> None:
        """Start empty."""
        self.tick = tick
        self._deep_levels = deep_levels
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)
        self.last_id = 0
        self.has_depth = False

    def quote(self, event: Quote) -> None:
        """Take the best bid and ask."""
        self.last_id = event.update_id
        for side, price, qty in (
            (self.bids, event.bid, event.bid_qty),
            (self.asks, event.ask, event.ask_qty),
        ):
            if self.has_depth:
                side.cut(price, inclusive=False)
            else:
                side.clear()
            if qty:
                side.put(price, qty)
        if event.ask_qty:
            self.bids.cut(event.ask, inclusive=True)
        if event.bid_qty:
            self.asks.cut(event.bid, inclusive=True)

    def change(self, event: Levels) -> None:
        """Take changed levels, or the whole book with a snapshot."""
        self.last_id = event.last_id
        if event.snapshot or not self.has_depth:
            self.bids.clear()
            self.asks.clear()
        self.has_depth = True
        for price, qty in event.bids:
            self.bids.put(price, qty)
            if qty:
                self.asks.cut(price, inclusive=True)
        for price, qty in event.asks:
            self.asks.put(price, qty)
            if qty:
                self.bids.cut(price, inclusive=True)

    def side(self, is_bid: bool) -> BookSide:
        """Return one side."""
        return self.bids if is_bid else self.asks

    def levels(self, *, is_bid: bool) -> Iterator[Level]:
        """Yield one side's (price, quantity), best first, then the modelled deeper levels."""
        side = self.side(is_bid)
        yield from side.levels()
        best = side.best
        if self.has_depth or best is None:
            return
        qty = side.qty(best)
        step = -self.tick if is_bid else self.tick
        for distance in range(1, self._deep_levels + 1):
            price = best + step * distance
            if price <= 0:
                return
            yield price, qty

    def displayed(self, is_bid: bool, price: Decimal) -> Decimal | None:
        """Return the quantity shown at a price, None where the feed does not reach."""
        side = self.side(is_bid)
        worst = side.worst
        if worst is None or (price < worst if is_bid else price > worst):
            return None
        return side.qty(price)

    def expected(self, is_bid: bool, price: Decimal) -> Decimal:
        """Return the quantity at a price, where the feed does not reach that of the last level."""
        shown = self.displayed(is_bid, price)
        if shown is not None:
            return shown
        side = self.side(is_bid)
        return side.qty(side.worst) if side.worst is not None else ZERO

    def middle(self) -> Decimal | None:
        """Return the middle of the spread, None while a side is empty."""
        bid, ask = self.bids.best, self.asks.best
        return (bid + ask) / 2 if bid is not None and ask is not None else None

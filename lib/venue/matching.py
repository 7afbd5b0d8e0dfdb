"""Price-time matching of own orders against the replayed market of one symbol.

The market's own book is never moved by our trades: what a taker took is there again for the next
one. A resting order is filled as maker, at its own price, by
- trades of the market: a trade's quantity is given out once; better priced own orders come first,
  at one price the market's quantity that stood there before us;
- an opposite quote at or through its price, up to the quantity quoted there.
Its place in the queue starts behind the level's displayed quantity, moves forward with trades at
the level, and with shrinkage that no trade explains as `Options.queue_cancels` says.
"""

from bisect import insort
from collections.abc import Iterator
from decimal import Decimal

from lib.helpers import round_up
from lib.venue.formats import ZERO
from lib.venue.lifecycle import Lifecycle
from lib.venue.market import Print
from lib.venue.orders import VenueOrder
from lib.venue.state import VenueState

Offer = tuple[Decimal, Decimal, VenueOrder | None]
"""(price, quantity, own resting order or None for the market)."""


class Matcher:
    """Resting orders of one symbol, of all accounts.

    Args:
        state: The venue.
        lifecycle: Executes what is matched.
        symbol: Which one.
    """

    def __init__(self, state: VenueState, lifecycle: Lifecycle, symbol: str) -> None:
        """Start without resting orders."""
        self._state = state
        self._lifecycle = lifecycle
        self._book = state.book(symbol)
        self._bids: list[VenueOrder] = []
        self._asks: list[VenueOrder] = []

    def rest(self, order: VenueOrder) -> None:
        """Put an order at the end of its level's queue."""
        order.resting = True
        order.sequence = self._state.number("sequence")
        order.ahead = order.shown = self._book.expected(order.is_buy, order.price)
        order.printed = ZERO
        insort(self._side(order.is_buy), order, key=_priority)

    def remove(self, order: VenueOrder) -> None:
        """Take an order off the book."""
        if order.resting:
            order.resting = False
            self._side(order.is_buy).remove(order)

    def would_take(self, price: Decimal, *, is_buy: bool) -> bool:
        """Return whether an order at a price would execute at once."""
        best = self._book.side(not is_buy).best
        own = self._side(not is_buy)
        prices = [each for each in (best, own[0].price if own else None) if each is not None]
        return any(price >= each if is_buy else price <= each for each in prices)

    def available(self, order: VenueOrder, limit: Decimal | None) -> Decimal:
        """Return the quantity that an order could take at once, up to a limit price."""
        total = ZERO
        for _, qty, _ in self._offers(order.is_buy, limit):
            total += qty
            if total >= order.remaining:
                break
        return total

    def take(self, order: VenueOrder, limit: Decimal | None) -> None:
        """Execute an order as taker down the opposite side, up to a limit price."""
        for price, qty, maker in list(self._offers(order.is_buy, limit)):
            if not order.is_open or not order.remaining:
                return
            if maker is None:
                self._lifecycle.fill(order, price, min(qty, order.remaining), maker=False)
            elif maker.is_open and not self._prevented(order, maker):
                part = min(maker.remaining, order.remaining)
                fill = self._lifecycle.fill(order, price, part, maker=False)
                self._lifecycle.fill(maker, price, part, maker=True, trade_id=fill.id)

    def on_book(self) -> None:
        """Fill and move resting orders after the market's book has changed."""
        if not (self._bids or self._asks):
            return
        for is_buy in (True, False):
            orders = self._side(is_buy)
            if orders:
                self._cross(orders, is_buy)
                for order in orders:
                    self._advance(order)

    def on_print(self, event: Print) -> None:
        """Give a market trade's quantity to the resting orders that it would have met."""
        left = event.qty
        queue = [
            order
            for order in (self._bids if event.buyer_is_maker else self._asks)
            if (order.price >= event.price if order.is_buy else order.price <= event.price)
        ]
        market = ZERO
        for order in queue:
            at_level = order.price == event.price
            if at_level:
                before = min(left, max(order.ahead - market, ZERO))
                market += before
                left -= before
            part = min(left, order.remaining) if order.is_open else ZERO
            left -= part
            if at_level and order.is_open:
                order.ahead = max(order.ahead - market, ZERO)
                order.printed += event.qty
            if part:
                self._lifecycle.fill(order, order.price, part, maker=True)

    def _side(self, is_buy: bool) -> list[VenueOrder]:
        return self._bids if is_buy else self._asks

    def _offers(self, is_buy: bool, limit: Decimal | None) -> Iterator[Offer]:
        # Best first; own orders at prices where the market shows nothing stand between its levels.
        own = [each for each in self._side(not is_buy) if _within(each.price, limit, is_buy)]
        for price, qty in self._book.levels(is_bid=not is_buy):
            if not _within(price, limit, is_buy):
                break
            while own and own[0].price != price and _within(own[0].price, price, is_buy):
                yield own[0].price, own[0].remaining, own.pop(0)
            level = [each for each in own if each.price == price]
            own = own[len(level) :]
            yield from _queue(price, qty, level)
        for order in own:
            yield order.price, order.remaining, order

    def _prevented(self, taker: VenueOrder, maker: VenueOrder) -> bool:
        # Self-trade prevention: the taker's mode counts, and only within one account.
        mode = "NONE" if taker.time_in_force in ("FOK", "GTX") else taker.prevention
        if taker.account != maker.account or mode == "NONE" or self._state.faults.prevention_off:
            return False
        if mode in ("EXPIRE_MAKER", "EXPIRE_BOTH"):
            self._lifecycle.prevent(maker)
        if mode in ("EXPIRE_TAKER", "EXPIRE_BOTH"):
            self._lifecycle.prevent(taker, "3" if taker.time_in_force == "IOC" else "1")
        return True

    def _cross(self, orders: list[VenueOrder], is_buy: bool) -> None:
        best = self._book.side(not is_buy).best
        if best is None or not _reaches(orders[0], best):
            return
        levels = [
            [price, qty]
            for price, qty in self._book.side(not is_buy).levels()
            if _reaches(orders[0], price)
        ]
        for order in list(orders):
            for level in levels:
                part = min(level[1], order.remaining) if order.is_open else ZERO
                if part and _reaches(order, level[0]):
                    level[1] -= part
                    self._lifecycle.fill(order, order.price, part, maker=True)

    def _advance(self, order: VenueOrder) -> None:
        shown = self._book.displayed(order.is_buy, order.price)
        if shown is None:
            return
        cancelled = order.shown - order.printed - shown
        if cancelled > 0 and order.ahead and self._state.options.queue_cancels == "proportional":
            before = order.shown - order.printed
            step = self._state.info(order.symbol).step
            # in whole steps, like every quantity: a fraction left before us would fill us in parts
            order.ahead = round_up(order.ahead * (before - cancelled) / before, step)
        order.ahead = min(order.ahead, shown)
        order.shown = shown
        order.printed = ZERO


def _queue(price: Decimal, qty: Decimal, own: list[VenueOrder]) -> Iterator[Offer]:
    # One level in the order of its queue: the market's part before each own order, that, the rest.
    taken = ZERO
    for order in own:
        before = min(order.ahead, qty) - taken
        if before > 0:
            taken += before
            yield price, before, None
        yield price, order.remaining, order
    if qty > taken:
        yield price, qty - taken, None


def _within(price: Decimal, limit: Decimal | None, is_buy: bool) -> bool:
    return limit is None or (price <= limit if is_buy else price >= limit)


def _reaches(order: VenueOrder, price: Decimal) -> bool:
    return order.price >= price if order.is_buy else order.price <= price


def _priority(order: VenueOrder) -> tuple[Decimal, int]:
    return (-order.price if order.is_buy else order.price, order.sequence)

"""One recorded symbol on its way to the stage: ids that keep growing, a book without breaks."""

from collections import deque
from decimal import Decimal

from lib.constants import NS_PER_SECOND
from lib.helpers import round_down
from lib.models import ZERO
from lib.venue.market import Level, Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.symbols import SymbolInfo

HELD = 64
"""Diff events kept while the recording's snapshot is still to come."""
MARK_PERIOD_NS = NS_PER_SECOND
FUNDING_PERIOD_NS = 8 * 3600 * NS_PER_SECOND
FUNDING_RATE = Decimal("0.00010000")
MARK_UNIT = Decimal("0.00000001")
GUESSED_NOTIONAL = Decimal(20_000)


class ReplaySymbol:
    """Rewrites recorded events; pure.

    Where a recording has no quotes, each trade makes one: its price on the maker's side, one tick
    of spread, a guessed quantity. Where it has no mark price, the middle of the quote stands in,
    once a second.

    Args:
        rules: The symbol's trading rules.
    """

    def __init__(self, rules: SymbolInfo) -> None:
        """Start with an empty book."""
        self.rules = rules
        self.waits_for_snapshot = False
        self._waiting = False
        self._held: deque[Levels] = deque(maxlen=HELD)
        self._book: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
        self._shown = False
        self._update_offset = 0
        self._newest_id = 0
        """Of quotes and levels."""
        self._last_id = 0
        """Of levels: what the next change follows."""
        self._trade_offset = 0
        self._last_trade = 0
        self._next_guess = 1_000_000
        self._has_quotes = False
        self._has_marks = False
        self._mark_due_ns = 0
        self._leftover = False
        self._quote: Quote | None = None

    def next_trade_id(self) -> int:
        """Return the first of four ids for trades that a candle stands for."""
        self._next_guess += 4
        return self._next_guess - 4

    def rewind(self) -> None:
        """Prepare for the recording's next round."""
        self._waiting = self.waits_for_snapshot
        self._held.clear()
        self._update_offset = self._trade_offset = -1
        self._leftover = self._shown
        self._mark_due_ns = 0

    def play(self, event: MarketEvent, due_ns: int, *, quiet: bool) -> list[MarketEvent]:
        """Return what an event becomes at `due_ns`; a quiet one only moves the book."""
        events = self._rewrite(event, due_ns)
        if quiet:
            return []
        if not self._shown and events:
            self._shown = True
            # The opening book has the changes of this moment in it.
            others = [each for each in events if not isinstance(each, Levels)]
            events = [*self._opening(due_ns), *others]
        marked = self._mark(due_ns)
        return [*events, marked] if marked is not None else events

    def _rewrite(self, event: MarketEvent, due_ns: int) -> list[MarketEvent]:
        match event:
            case Levels():
                return self._levels(event, due_ns)
            case Quote():
                self._has_quotes = True
                last = self._renumber(event.update_id)
                self._quote = event._replace(update_id=last, time_ns=due_ns)
                return [*self._clear_leftover(due_ns), self._quote]
            case Print():
                return [*self._clear_leftover(due_ns), *self._print(event, due_ns)]
            case MarkPrice():
                self._has_marks = True
                funding_ns = _next_funding(due_ns)
                return [event._replace(time_ns=due_ns, next_funding_ns=funding_ns)]

    def _print(self, event: Print, due_ns: int) -> list[MarketEvent]:
        if self._trade_offset < 0:
            self._trade_offset = max(0, self._last_trade - event.trade_id + 1)
        self._last_trade = event.trade_id + self._trade_offset
        played = event._replace(trade_id=self._last_trade, time_ns=due_ns)
        if self._has_quotes or self._book[0]:
            return [played]
        tick = self.rules.tick
        bid = event.price if event.buyer_is_maker else event.price - tick
        qty = max(round_down(GUESSED_NOTIONAL / event.price, self.rules.step), self.rules.min_qty)
        self._newest_id += 1
        self._quote = Quote(event.symbol, bid, qty, bid + tick, qty, self._newest_id, due_ns)
        return [self._quote, played]

    def _levels(self, event: Levels, due_ns: int) -> list[MarketEvent]:
        if event.snapshot:
            self._waiting = False
            held, self._held = self._held, deque(maxlen=HELD)
            events = self._lead_to(event, due_ns)
            for each in held:
                if each.last_id >= event.last_id:
                    events += self._levels(each, due_ns)
            return events
        if self._waiting:
            self._held.append(event)
            return []
        cleared = self._clear_leftover(due_ns)
        bids, asks = event.bids, event.asks
        return [*cleared, self._change(bids, asks, event.first_id, event.last_id, due_ns)]

    def _lead_to(self, snapshot: Levels, due_ns: int) -> list[MarketEvent]:
        # A book that is already shown is led to the snapshot by changes, so that readers of the
        # diff stream need no new snapshot at the loop's seam.
        self._leftover = False
        if not self._shown:
            self._book = dict(snapshot.bids), dict(snapshot.asks)
            self._last_id = self._renumber(snapshot.last_id)
            return []
        changes = []
        for side, rows in zip(self._book, (snapshot.bids, snapshot.asks), strict=True):
            wanted = dict(rows)
            gone: list[Level] = [(price, ZERO) for price in side if price not in wanted]
            changes.append(gone + [row for row in rows if side.get(row[0]) != row[1]])
        last = snapshot.last_id
        return [self._change(changes[0], changes[1], last, last, due_ns)]

    def _clear_leftover(self, due_ns: int) -> list[MarketEvent]:
        # The last round's book must not stand in the way of the new round's quotes.
        if not self._leftover:
            return []
        self._leftover = False
        bids, asks = ([(price, ZERO) for price in side] for side in self._book)
        if not bids and not asks:
            return []
        previous, last = self._last_id, self._newest_id + 1
        self._last_id = self._newest_id = last
        for side in self._book:
            side.clear()
        return [Levels(self.rules.symbol, bids, asks, last, last, previous, due_ns)]

    def _change(
        self, bids: list[Level], asks: list[Level], first_id: int, last_id: int, due_ns: int
    ) -> Levels:
        for side, rows in zip(self._book, (bids, asks), strict=True):
            for price, qty in rows:
                if qty:
                    side[price] = qty
                else:
                    side.pop(price, None)
        previous = self._last_id
        first = max(previous + 1, self._renumber(first_id))
        last = self._last_id = max(previous + 1, self._renumber(last_id))
        self._newest_id = max(self._newest_id, last)
        return Levels(self.rules.symbol, bids, asks, min(first, last), last, previous, due_ns)

    def _renumber(self, update_id: int) -> int:
        if self._update_offset < 0:
            self._update_offset = max(0, self._newest_id - update_id + 1)
        found = update_id + self._update_offset
        self._newest_id = max(self._newest_id, found)
        return found

    def _opening(self, due_ns: int) -> list[MarketEvent]:
        bids, asks = (list(side.items()) for side in self._book)
        if not bids and not asks:
            return []
        last = self._last_id
        symbol = self.rules.symbol
        return [Levels(symbol, bids, asks, last, last, last, due_ns, snapshot=True)]

    def _mark(self, due_ns: int) -> MarkPrice | None:
        if self._has_marks or self._quote is None or due_ns < self._mark_due_ns:
            return None
        self._mark_due_ns = due_ns + MARK_PERIOD_NS
        middle = ((self._quote.bid + self._quote.ask) / 2).quantize(MARK_UNIT)
        funding_ns = _next_funding(due_ns)
        symbol = self.rules.symbol
        return MarkPrice(symbol, middle, middle, FUNDING_RATE, funding_ns, due_ns)


def _next_funding(now_ns: int) -> int:
    return (now_ns // FUNDING_PERIOD_NS + 1) * FUNDING_PERIOD_NS

"""What was won or lost since 00:00 UTC, per owner (pure).

A result is what the owner's fills brought in or cost, fees included, and what it would hold by them
is worth now against the day's start. The position is counted from the fills, since account events
come apart from them: in between, a purchase would look like a loss. Only a difference that has
stood for seconds is somebody else's doing (a trade by hand, a liquidation, a fill that nobody told)
and is taken over at the price at which it was first seen. Midnight changes no quantity, so that a
fill of before it counts also when it is told after it. The running results are journaled, so that a
restart counts only the fills that came after them. Funding is not counted.

A fee that was paid in another asset than the symbol's quote (BNB) says nothing in quote currency by
its number. It is worked out from Binance USD-M's regular rates without the discount for BNB, so
that the loss is rather overstated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from lib.bus.protocol import OrderUpdate
from lib.constants import NS_PER_SECOND, Side
from lib.helpers import decimal, plain
from lib.models import ZERO
from lib.oms.rows import TALLY, Fact, fact

DAY = "day"
MAKER_RATE = Decimal("0.0002")
TAKER_RATE = Decimal("0.0005")
SURE_NS = 3 * NS_PER_SECOND
"""How long the account must contradict the fills before it is believed: events lag, and a sweep
finds a fill that the stream did not tell after two seconds."""


class Holding(NamedTuple):
    """A position of which nobody doubts anything."""

    qty: Decimal
    """Signed."""
    event_ns: int
    """When it last changed, as the exchange says."""


class _Apart(NamedTuple):
    """What the account holds beyond the fills."""

    qty: Decimal
    since_ns: int
    price: Decimal
    """When it was first seen."""


@dataclass(slots=True)
class _Tally:
    start_qty: Decimal
    start_price: Decimal
    """0 until a price is known."""
    since_ns: int
    """Older fills are in `start_qty` of the owner's first day."""
    qty: Decimal
    cash: Decimal = ZERO
    adopted_ns: int = 0
    """Until then the account was believed: older fills are in what it said."""
    adopted_price: Decimal = ZERO

    def begin(self) -> None:
        """Begin another day with what is held, at a price that is still to come."""
        self.start_qty, self.start_price, self.cash = self.qty, ZERO, ZERO

    def book(self, qty: Decimal, price: Decimal, fee: Decimal, event_ns: int) -> None:
        """Count a fill, sales as a negative quantity."""
        if event_ns > self.adopted_ns:
            self.qty += qty
            self.cash -= qty * price
        else:
            self.cash -= qty * (price - self.adopted_price)
        self.cash -= fee

    def adopt(self, apart: _Apart) -> None:
        """Count what others have done."""
        self.qty += apart.qty
        self.cash -= apart.qty * apart.price
        self.adopted_ns, self.adopted_price = apart.since_ns, apart.price

    def running(self) -> list[Any]:
        """Return what a restart needs beyond the day's start."""
        return [plain(self.qty), plain(self.cash), self.adopted_ns, plain(self.adopted_price)]

    def restore(self, qty: str, cash: str, adopted_ns: int = 0, adopted_price: str = "0") -> None:
        """Go on from what `running` returned; journals of older versions end after the cash."""
        self.qty, self.cash = decimal(qty), decimal(cash)
        self.adopted_ns, self.adopted_price = adopted_ns, decimal(adopted_price)


class Day:
    """Follows one UTC day; a restart goes on with its start values.

    Args:
        facts: The journal's facts.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Take over the day that a former life of the process began."""
        kept, running = facts.get(DAY, {}), facts.get(TALLY, {})
        self._date: str = kept.get("date", "")
        self._tallies = {
            owner: _Tally(decimal(qty), decimal(price), since_ns, decimal(qty))
            for owner, (qty, price, since_ns) in kept.get("starts", {}).items()
        }
        self._counted: dict[str, int] = dict(running.get("counted", {}))
        if running.get("date") == self._date:
            for owner, values in running["results"].items():
                if tally := self._tallies.get(owner):
                    tally.restore(*values)
        self._apart: dict[str, _Apart] = {}
        self._is_kept = self._are_starts_kept = True

    def begin(
        self, now_ns: int, prices: Mapping[str, Decimal], held: Mapping[str, Holding]
    ) -> Fact | None:
        """Begin a new day if one has begun, and note owners that are new today.

        Args:
            now_ns: Exchange's time.
            prices: Owner -> price now, 0 while unknown.
            held: Owner -> position, of those for whom it is sure.

        Returns:
            What is to be journaled, None for no change.
        """
        date = date_of(now_ns)
        if date != self._date:
            # an owner that was taken out of the config has no day any more
            self._tallies = {
                owner: tally for owner, tally in self._tallies.items() if owner in prices
            }
            self._begin_all(date)
        for owner, price in prices.items():
            if price:
                self._start(owner, price, held.get(owner), now_ns)
        if self._are_starts_kept:
            return None
        self._are_starts_kept = True
        starts = {
            owner: [plain(tally.start_qty), plain(tally.start_price), tally.since_ns]
            for owner, tally in self._tallies.items()
        }
        return fact(DAY, {"date": self._date, "starts": starts})

    def adopt(
        self, now_ns: int, prices: Mapping[str, Decimal], held: Mapping[str, Holding]
    ) -> list[str]:
        """Take over what others have done to positions; return whose.

        Args:
            now_ns: Exchange's time.
            prices: Owner -> price now, 0 while unknown.
            held: Owner -> position, of those for whom it is sure.
        """
        apart: dict[str, _Apart] = {}
        for owner, holding in held.items():
            tally, price = self._tallies.get(owner), prices.get(owner, ZERO)
            if tally is None or not price or holding.qty == tally.qty:
                continue
            new = _Apart(holding.qty - tally.qty, now_ns, price)
            known = self._apart.get(owner, new)
            apart[owner] = known if known.qty == new.qty else new
        self._apart = apart
        due = [owner for owner, each in apart.items() if now_ns - each.since_ns >= SURE_NS]
        for owner in due:
            self._tallies[owner].adopt(self._apart.pop(owner))
            self._is_kept = False
        return due

    def on_fill(self, update: OrderUpdate) -> None:
        """Count what a fill brought in or cost, its fee included."""
        if update.fill_sequence <= self._counted.get(update.owner, 0):
            return
        self._counted[update.owner] = update.fill_sequence
        self._is_kept = False
        date = date_of(update.event_ns)
        if self._date and date > self._date:
            # a start reads what was missed before anybody asks for the day
            self._begin_all(date)
        tally = self._tallies.get(update.owner)
        if tally is None or update.event_ns <= tally.since_ns:
            return
        qty = decimal(update.fill_qty)
        signed = qty if update.side == Side.BUY else -qty
        tally.book(signed, decimal(update.fill_price), _fee_of(update), update.event_ns)

    def running(self) -> Fact | None:
        """Return the results so far, to be journaled after their fills; None for no change."""
        if self._is_kept:
            return None
        self._is_kept = True
        results = {owner: tally.running() for owner, tally in self._tallies.items()}
        value = {"date": self._date, "counted": self._counted, "results": results}
        return fact(TALLY, value)

    def result(self, owner: str, price: Decimal) -> Decimal:
        """Return an owner's result of today at a price; negative is a loss."""
        tally = self._tallies.get(owner)
        if tally is None or not price or not tally.start_price:
            return ZERO
        return tally.cash + tally.qty * price - tally.start_qty * tally.start_price

    def _begin_all(self, date: str) -> None:
        self._date = date
        for tally in self._tallies.values():
            tally.begin()
        self._is_kept = self._are_starts_kept = False

    def _start(self, owner: str, price: Decimal, holding: Holding | None, now_ns: int) -> None:
        tally = self._tallies.get(owner)
        if tally is None and holding is not None:
            # what was filled just now may be told later, its position with it
            since_ns = max(holding.event_ns, now_ns - SURE_NS)
            self._tallies[owner] = _Tally(holding.qty, price, since_ns, holding.qty)
        elif tally is not None and not tally.start_price:
            tally.start_price = price
        else:
            return
        self._is_kept = self._are_starts_kept = False


def _fee_of(update: OrderUpdate) -> Decimal:
    """Return what a fill's fee was in quote currency; see the module's text."""
    fee = decimal(update.fee)
    if not fee or update.symbol.endswith(update.fee_asset):
        return fee
    rate = MAKER_RATE if update.maker else TAKER_RATE
    return decimal(update.fill_qty) * decimal(update.fill_price) * rate


def date_of(now_ns: int) -> str:
    """Return the UTC date of a time, like `2026-11-22`."""
    return datetime.fromtimestamp(now_ns // NS_PER_SECOND, UTC).date().isoformat()

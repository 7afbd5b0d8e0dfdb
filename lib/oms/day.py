"""What was won or lost since 00:00 UTC, per owner (pure).

A result is what the owner's fills brought in or cost, fees included, and what it would hold by them
is worth now against the day's start. The position is counted from the fills alone, since account
events come apart from them: in between, a purchase would look like a loss. The running results are
journaled, so that a restart counts only the fills that came after them.

A fee that was paid in another asset than the symbol's quote (BNB) says nothing in quote currency by
its number. It is worked out from Binance USD-M's regular rates without the discount for BNB, so
that the loss is rather overstated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from lib.bus.protocol import OrderUpdate
from lib.constants import NS_PER_SECOND, Side
from lib.helpers import decimal, plain
from lib.models import ZERO
from lib.oms.rows import TALLY, Fact, fact

DAY = "day"
MAKER_RATE = Decimal("0.0002")
TAKER_RATE = Decimal("0.0005")


@dataclass(slots=True)
class _Tally:
    start_qty: Decimal
    start_price: Decimal
    since_ns: int
    qty: Decimal
    cash: Decimal = ZERO


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
            for owner, (qty, cash) in running["results"].items():
                if tally := self._tallies.get(owner):
                    tally.qty, tally.cash = decimal(qty), decimal(cash)
        self._is_kept = True

    def begin(self, now_ns: int, held: Mapping[str, tuple[Decimal, Decimal]]) -> Fact | None:
        """Begin a new day if one has begun, and note owners that are new today.

        Args:
            now_ns: Exchange's time.
            held: Owner -> (signed quantity, price now); owners without a price are left out.

        Returns:
            What is to be journaled, None for no change.
        """
        date = date_of(now_ns)
        if date != self._date:
            self._date, self._tallies = date, {}
            self._is_kept = False
        new = {owner: start for owner, start in held.items() if owner not in self._tallies}
        if not new:
            return None
        for owner, (qty, price) in new.items():
            self._tallies[owner] = _Tally(qty, price, now_ns, qty)
        starts = {
            owner: [plain(tally.start_qty), plain(tally.start_price), tally.since_ns]
            for owner, tally in self._tallies.items()
        }
        return fact(DAY, {"date": self._date, "starts": starts})

    def on_fill(self, update: OrderUpdate) -> None:
        """Count what a fill brought in or cost, its fee included."""
        if update.fill_sequence <= self._counted.get(update.owner, 0):
            return
        self._counted[update.owner] = update.fill_sequence
        self._is_kept = False
        tally = self._tallies.get(update.owner)
        if tally is None or update.event_ns <= tally.since_ns:
            return
        qty = decimal(update.fill_qty)
        signed = qty if update.side == Side.BUY else -qty
        tally.qty += signed
        tally.cash -= signed * decimal(update.fill_price) + _fee_of(update)

    def running(self) -> Fact | None:
        """Return the results so far, to be journaled after their fills; None for no change."""
        if self._is_kept:
            return None
        self._is_kept = True
        results = {
            owner: [plain(tally.qty), plain(tally.cash)] for owner, tally in self._tallies.items()
        }
        value = {"date": self._date, "counted": self._counted, "results": results}
        return fact(TALLY, value)

    def result(self, owner: str, price: Decimal) -> Decimal:
        """Return an owner's result of today at a price; negative is a loss."""
        tally = self._tallies.get(owner)
        if tally is None or not price:
            return ZERO
        return tally.cash + tally.qty * price - tally.start_qty * tally.start_price


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

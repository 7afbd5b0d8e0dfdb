"""One position: what fills do to its size, entry price and result."""

from dataclasses import dataclass
from decimal import Decimal

from lib.venue.formats import ZERO, money


@dataclass(slots=True)
class Position:
    """A position of one symbol and side.

    `qty` is signed base quantity (a SHORT leg is negative); `entry` the average price of what is
    open; `opening_fees` the fees paid for it; `realised` accumulates for ever; `isolated_wallet`
    is the margin set apart in isolated mode. The wallet itself is the account's.
    """

    symbol: str
    side: str
    qty: Decimal = ZERO
    entry: Decimal = ZERO
    opening_fees: Decimal = ZERO
    realised: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    updated_ns: int = 0

    @property
    def break_even(self) -> Decimal:
        """Price at which closing pays back the fees of opening."""
        if not self.qty:
            return ZERO
        return self.entry + self.opening_fees / self.qty

    def unrealised(self, mark: Decimal) -> Decimal:
        """Return the open result at a price."""
        return (mark - self.entry) * self.qty

    def apply(self, change: Decimal, price: Decimal, fee: Decimal) -> Decimal:
        """Add a fill.

        Args:
            change: Signed base quantity.
            price: Its price.
            fee: What it cost.

        Returns:
            Realised profit before the fee, rounded as the ledger does.
        """
        closing = min(abs(change), abs(self.qty)) if self.qty * change < 0 else ZERO
        realised = ZERO
        if closing:
            direction = 1 if self.qty > 0 else -1
            realised = money((price - self.entry) * closing * direction)
            self.opening_fees -= self.opening_fees * closing / abs(self.qty)
        opening = abs(change) - closing
        kept = abs(self.qty) - closing
        if opening:
            self.entry = (self.entry * kept + price * opening) / (kept + opening)
            self.opening_fees += fee * opening / abs(change)
        self.qty += change
        if not self.qty:
            self.entry = ZERO
            self.opening_fees = ZERO
        self.realised += realised
        return realised

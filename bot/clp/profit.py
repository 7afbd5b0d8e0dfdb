"""Profit and loss of the day from the bot's own fills, exact to the last digit (pure)."""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from lib.constants import NS_PER_MINUTE, NS_PER_SECOND
from lib.models import ZERO

NS_PER_DAY = 24 * 60 * NS_PER_MINUTE
REMEMBERED = 64
"""Trade ids kept to tell a fill that is told again; they grow, and come late by seconds at most."""
SETTLED_NS = 5 * NS_PER_SECOND
"""A position that differs from the fills' sum for so long was changed by somebody else."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is stored of the profit.

    Args:
        day: Days since the epoch.
        cash: Received minus paid since the day began, fees included; quote asset.
        qty: Signed base quantity that goes with it.
        fees: Paid since the day began.
        trades: Ids of the newest trades.
    """

    day: int = 0
    cash: Decimal = ZERO
    qty: Decimal = ZERO
    fees: Decimal = ZERO
    trades: tuple[int, ...] = ()


class Profit:
    """Cash and quantity since the day's beginning: profit = cash + quantity x mid."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._day = 0
        self._cash = ZERO
        self._qty = ZERO
        self.fees = ZERO
        """Paid since the day began, in the quote asset."""
        self._image: Account | None = None
        self._trades: deque[int] = deque(maxlen=REMEMBERED)
        self._odd_since_ns = 0

    def restore(self, account: Account) -> None:
        """Go on from what was stored."""
        self._image = None
        self._day, self._cash, self._qty = account.day, account.cash, account.qty
        self.fees = account.fees
        self._trades = deque(account.trades, maxlen=REMEMBERED)

    def image(self) -> Account:
        """Return what is to be stored."""
        if self._image is None:
            trades = tuple(self._trades)
            self._image = Account(self._day, self._cash, self._qty, self.fees, trades)
        return self._image

    def on_fill(self, signed: Decimal, price: Decimal, fee: Decimal, trade_id: int) -> bool:
        """Book a fill, unless it was booked before; return whether it was new.

        Args:
            signed: Base quantity, negative for a sale.
            price: Its price.
            fee: Paid for it, in the quote asset.
            trade_id: The exchange's number of the trade, 0 if it gave none.
        """
        if trade_id and self._is_booked(trade_id):
            return False
        if trade_id:
            self._trades.append(trade_id)
        self._image = None
        self._cash -= signed * price + fee
        self._qty += signed
        self.fees += fee
        return True

    def value(self, mid: Decimal) -> Decimal:
        """Return the profit since the day began, in the quote asset, the position at `mid`."""
        return self._cash + self._qty * mid

    def settle(self, qty: Decimal, mid: Decimal, timestamp: int, now_ns: int) -> bool:
        """Compare with the real position, and begin a new day when it is time.

        What somebody else has traded is taken over at the mid: it is neither profit nor loss.

        Args:
            qty: Signed position, all known fills included.
            mid: Of the book.
            timestamp: Time since the epoch.
            now_ns: Monotonic.

        Returns:
            Whether the position was corrected.
        """
        if timestamp // NS_PER_DAY != self._day:
            self._begin_day(timestamp // NS_PER_DAY, mid)
        if qty == self._qty:
            self._odd_since_ns = 0
            return False
        self._odd_since_ns = self._odd_since_ns or now_ns
        if now_ns - self._odd_since_ns < SETTLED_NS:
            return False
        return self.take_over(qty, mid)

    def begin(self, qty: Decimal, mid: Decimal, timestamp: int) -> None:
        """Begin a life with the position that the exchange tells; see `settle`."""
        self.take_over(qty, mid)
        if timestamp // NS_PER_DAY != self._day:
            self._begin_day(timestamp // NS_PER_DAY, mid)

    def take_over(self, qty: Decimal, mid: Decimal) -> bool:
        """Set the quantity without changing the profit; return whether it was another."""
        if qty == self._qty:
            return False
        self._image = None
        self._cash -= (qty - self._qty) * mid
        self._qty = qty
        self._odd_since_ns = 0
        return True

    def _begin_day(self, day: int, mid: Decimal) -> None:
        self._image = None
        self._day = day
        self._cash, self.fees = -self._qty * mid, ZERO

    def _is_booked(self, trade_id: int) -> bool:
        if trade_id in self._trades:
            return True
        return len(self._trades) == REMEMBERED and trade_id < min(self._trades)

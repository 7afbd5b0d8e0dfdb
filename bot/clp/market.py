"""The newest book of the own symbol, and what else conditions look at (pure)."""

from decimal import Decimal

from bot.clp.quoting import Touch
from bot.clp.view import View


class Market:
    """Remembers the newest book and when it came."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.touch: Touch | None = None
        """Best levels, None before the first book."""
        self.trouble = ""
        """Why the exchange is not online, as far as it was told."""
        self._seen_ns = 0
        self._latency_ns = 0

    def on_book(self, touch: Touch, latency_ns: int, now_ns: int) -> None:
        """Take in a book."""
        self.touch, self._latency_ns, self._seen_ns = touch, latency_ns, now_ns

    def view(
        self,
        touch: Touch,
        qty: Decimal,
        atr: Decimal | None,
        profit: Decimal,
        *,
        online: bool,
        timestamp: int,
        now_ns: int,
    ) -> View:
        """Return what conditions look at.

        Args:
            touch: The newest best levels.
            qty: Signed position, base.
            atr: Average true range, a fraction of the price; None while unknown.
            profit: Of the day, in the quote asset.
            online: What `isOnline` says.
            timestamp: Time since the epoch, ns.
            now_ns: Monotonic.
        """
        mid = touch.mid
        return View(
            timestamp=timestamp,
            spread=touch.ask - touch.bid,
            mid=mid,
            latency_ns=self._latency_ns,
            age_ns=now_ns - self._seen_ns,
            atr=atr,
            inventory_usd=abs(qty) * mid,
            profit_usd=profit,
            online=online,
            trouble=self.trouble,
        )

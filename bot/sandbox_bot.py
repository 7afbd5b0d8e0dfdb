"""The bot that only watches: prints every kind of event, at a pace that a person can read."""

from decimal import Decimal
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.constants import NS_PER_SECOND, Side
from lib.factory import AbstractFactory
from lib.models import Update
from lib.timer import AbstractTimer

LINES_PER_SECOND = 2.0


class SandboxBot(AbstractBot):
    """Logs all events; market events at most `lines_per_second` (default 2), the rest counted.

    What happens to the account is never left out. It posts nothing.
    """

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Read the pace."""
        super().__init__(config, factory, timer)
        pace = float(config.get("lines_per_second", LINES_PER_SECOND))
        self._gap_ns = round(NS_PER_SECOND / pace) if pace > 0 else 0
        self._next_ns: dict[str, int] = {}
        self._left_out = 0
        self._events = 0
        self._last = "nothing seen yet"

    @property
    def note(self) -> str:
        """Return the count of events and the last one shown."""
        return f"{self._events} events seen, {self._last}"

    def onTime(self, timestamp: int) -> None:
        """Show the clock."""
        self._show("time", timestamp=timestamp)

    def onOrderbook(
        self,
        askPrice: Decimal,
        askQty: Decimal,
        bidPrice: Decimal,
        bidQty: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        """Show the best levels."""
        self._last = f"{symbol} {bidPrice} / {askPrice}"
        self._show(
            "orderbook", symbol=symbol, bid=bidPrice, bid_qty=bidQty, ask=askPrice, ask_qty=askQty,
            latency_ms=round(latency / 1e6, 3),
        )  # fmt: skip

    def onTrade(
        self,
        price: Decimal,
        qty: Decimal,
        side: Side,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        """Show a trade."""
        self._show("trade", symbol=symbol, side=side, price=price, qty=qty)

    def onCandle(
        self,
        open: Decimal,
        high: Decimal,
        low: Decimal,
        close: Decimal,
        volume: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        finished: bool,
    ) -> None:
        """Show a candle."""
        self._show(
            "candle", symbol=symbol, open=open, high=high, low=low, close=close, volume=volume,
            finished=finished,
        )  # fmt: skip

    def onAccount(
        self, price: Decimal, qty: Decimal, symbol: str, exchange: str, timestamp: int
    ) -> None:
        """Show the position."""
        self._events += 1
        self.logger.info("account", symbol=symbol, entry=price, qty=qty)

    def onOrder(self, update: Update) -> None:
        """Show an order's state."""
        self._events += 1
        self.logger.info(
            "order", id=update.id, side=update.side, status=update.status, price=update.price,
            qty=update.qty, filled=update.filled_qty, reason=update.reason,
        )  # fmt: skip

    def onStatus(self, component: str, healthy: bool, reason: str) -> None:
        """Show a component's health."""
        self._events += 1
        self.logger.info("status", component=component, healthy=healthy, reason=reason)

    def onMessage(self, sender: str, message: str) -> None:
        """Show a message."""
        self._events += 1
        self.logger.info("message", sender=sender, text=message)

    def Clean(self) -> None:
        """Say goodbye."""
        self.logger.info("cleaned", events=self._events, left_out=self._left_out)

    def _show(self, event: str, **fields: Any) -> None:
        # Kinds take turns: a busy one must not hide a quiet one, nor may all together be too many.
        self._events += 1
        now_ns = self.timer.Monotonic()
        if now_ns < max(self._next_ns.get(event, 0), self._next_ns.get("", 0)):
            self._left_out += 1
            return
        self._next_ns[""] = now_ns + self._gap_ns
        self._next_ns[event] = now_ns + 3 * self._gap_ns
        self.logger.info(event, **fields, left_out=self._left_out)
        self._left_out = 0

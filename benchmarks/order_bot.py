"""A bot that places and cancels, and tells what each order rested on."""

import socket
from decimal import Decimal
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.constants import NS_PER_SECOND
from lib.errors import ExchangeError

FACTOR = Decimal("0.98")
"""Far from the market: nothing is filled, every order is placed and cancelled."""


class OrderBot(AbstractBot):
    """Each `every` seconds, at a book event: places an order and cancels the one before.

    Tells the socket named by `figures:` a line `ID TICK_NS COST_NS` for each: the exchange's time
    of the event, and how long `Post` took.
    """

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        """Have placed nothing."""
        super().__init__(config, factory, timer)
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._every_ns = round(float(config["every"]) * NS_PER_SECOND)
        self._qty = Decimal(str(config["qty"]))
        self._due_ns = 0
        self._last = ""

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
        """Place and cancel when it is time."""
        now_ns = self.timer.Monotonic()
        if now_ns < self._due_ns or not self.exchange.isOnline():
            return
        self._due_ns = now_ns + self._every_ns
        qty = max(self._qty / bidPrice, self.exchange.getMinQty())
        begun_ns = self.timer.Monotonic()
        try:
            placed = self.exchange.Post(qty, bidPrice * FACTOR, post_only=True)
        except ExchangeError:
            return
        cost_ns = self.timer.Monotonic() - begun_ns
        if self._last:
            self.exchange.Cancel(self._last)
        self._last = placed
        try:
            self._out.sendto(f"{placed} {timestamp} {cost_ns}".encode(), self.config["figures"])
        except OSError:
            return  # nobody listens any more

    def Clean(self) -> None:
        """Take everything away, close the socket."""
        self.exchange.Cancel()
        self._out.close()

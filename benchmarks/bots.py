"""Bots that measure: what reached a handler, and when."""

import contextlib
import json
import socket
from decimal import Decimal
from typing import Any

from bot.abstract_bot import AbstractBot
from bot.quoter_bot import QuoterBot
from lib.constants import NS_PER_SECOND, Status
from lib.models import Update

POST_NS = NS_PER_SECOND // 10
"""Between two orders of an `OrderBot`: what the exchange's limits allow for minutes."""


class StampBot(AbstractBot):
    """Sends the time of its first book event to the socket named by `stamps:`."""

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        """Have seen nothing."""
        super().__init__(config, factory, timer)
        self._is_first = True

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
        """Send a stamp, once per life."""
        if self._is_first:
            self._is_first = False
            stamp = json.dumps([self.config["symbol"], self.timer.Timestamp()]).encode()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.sendto(stamp, self.config["stamps"])

    def Clean(self) -> None:
        """Nothing to clean."""


class LatencyBot(AbstractBot):
    """Sends the delays from the exchange's event time to its handler, once a second."""

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        """Have seen nothing."""
        super().__init__(config, factory, timer)
        self._delays: list[int] = []
        self._due_ns = 0
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

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
        """Note one delay: venue and bot share the host's clock."""
        now_ns = self.timer.Timestamp()
        self._delays.append(now_ns - timestamp)
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + NS_PER_SECOND
            self._send()

    def Clean(self) -> None:
        """Close the socket."""
        self._out.close()

    def _send(self) -> None:
        delays, self._delays = self._delays, []
        try:
            self._out.sendto(json.dumps(delays).encode(), self.config["delays"])
        except OSError:
            return  # nobody listens yet, or any more


class PulseBot(QuoterBot):
    """Quotes, and tells the socket named by `pulses:` which gaps its book events had.

    A line is `SYMBOL FIRST LAST LONGEST`: ns since the epoch of the first and last event that no
    line told yet, and the longest time between two of them.
    """

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        """Have seen nothing."""
        super().__init__(config, factory, timer)
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._first_ns = self._last_ns = self._longest_ns = 0

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
        """Tell first, then quote."""
        self._pulse(self.timer.Timestamp())
        super().onOrderbook(
            askPrice, askQty, bidPrice, bidQty, symbol, exchange, timestamp, latency
        )

    def Clean(self) -> None:
        """Take the quotes away, close the socket."""
        super().Clean()
        self._out.close()

    def _pulse(self, now_ns: int) -> None:
        if self._first_ns:
            self._longest_ns = max(self._longest_ns, now_ns - self._last_ns)
        else:
            self._first_ns = now_ns
        self._last_ns = now_ns
        line = f"{self.symbol} {self._first_ns} {now_ns} {self._longest_ns}"
        try:
            self._out.sendto(line.encode(), self.config["pulses"])
        except OSError:
            return  # its queue is full: the next line tells of this event, too
        self._first_ns = self._longest_ns = 0


class TradeBot(AbstractBot):
    """Tells the socket named by `trades:` of each trade: [event time, price and quantity, now]."""

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        """Have seen nothing."""
        super().__init__(config, factory, timer)
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._untold: list[tuple[int, str, int]] = []

    def onTrade(
        self,
        price: Decimal,
        qty: Decimal,
        side: Any,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        """Tell, or keep it for the next time."""
        self._untold.append((timestamp, f"{price} {qty}", self.timer.Timestamp()))
        try:
            self._out.sendto(json.dumps(self._untold).encode(), self.config["trades"])
        except OSError:
            return
        self._untold.clear()

    def Clean(self) -> None:
        """Close the socket."""
        self._out.close()


class OrderBot(AbstractBot):
    """Posts orders one after the other, and stamps the acceptance of each.

    A line is `[SYMBOL, ACCEPTED_NS, POSTED_NS]`.
    """

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        """Have posted nothing."""
        super().__init__(config, factory, timer)
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._bid = Decimal(0)
        self._posted: dict[str, int] = {}
        self._due_ns = 0

    def onStatus(self, component: str, healthy: bool, reason: str) -> None:
        """Post as soon as orders may flow again."""
        self._due_ns = 0
        self._post()

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
        """Note the price."""
        self._bid = bidPrice
        self._post()

    def onOrder(self, update: Update) -> None:
        """Stamp the acceptance; take the order away."""
        if update.status.is_final:
            if self._posted.pop(update.id, 0):
                self._due_ns = 0  # refused: the next event tries again
        elif update.status is Status.NEW and (posted_ns := self._posted.pop(update.id, 0)):
            stamp = json.dumps([self.symbol, self.timer.Timestamp(), posted_ns]).encode()
            with contextlib.suppress(OSError):  # nobody listens any more
                self._out.sendto(stamp, self.config["stamps"])
            self.exchange.Cancel(update.id)

    def Clean(self) -> None:
        """Take away what is left."""
        self.exchange.Cancel()
        self._out.close()

    def _post(self) -> None:
        now_ns = self.timer.Monotonic()
        if self._bid and now_ns >= self._due_ns and self.exchange.isOnline():
            self._due_ns = now_ns + POST_NS
            posted = self.exchange.Post(Decimal(2), self._bid * Decimal("0.97"))
            self._posted[posted] = self.timer.Timestamp()

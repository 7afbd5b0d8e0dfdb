"""Bots that measure: what reached a handler, and when."""

import json
import socket
from decimal import Decimal
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.constants import NS_PER_SECOND


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

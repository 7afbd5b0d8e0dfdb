"""The publisher of market data: a newcomer need not wait for the market to move."""

import asyncio

import zmq

from lib.bus.aio import Readable
from lib.bus.protocol import Book, Message, topic_of
from lib.bus.sockets import Clock, Publisher
from lib.constants import NS_PER_MS

SUBSCRIBES = b"\x01"
"""First byte of what a subscriber asks for; the rest is the topic's prefix."""

CHECK_NS = 10 * NS_PER_MS
"""Asking the socket whether somebody has come takes twice as long as sending a message."""


class MarketPublisher(Publisher):
    """Publishes each symbol's newest book again, dated as it was, when somebody subscribes to it.

    Whoever had it already tells the repeat by its update id. A restarted bot, and the exchange
    worker's risk limits, have a book at once, also of a symbol that is quoted once a minute.

    Args:
        context: ZeroMQ context of the process.
        address: Where to bind.
        incarnation: This life's number.
        clock: Returns ns since the epoch (a timer's `Timestamp`).
        monotonic: Returns ns that no step of the clock moves (a timer's `Monotonic`).
    """

    kind = zmq.XPUB

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        address: str,
        incarnation: int,
        clock: Clock,
        monotonic: Clock,
    ) -> None:
        """Bind at once; must be made inside a running loop.

        Raises:
            OSError: The address cannot be bound, or another process serves it.
        """
        super().__init__(context, address, incarnation, clock)
        self.socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # not only the first of each topic
        self._monotonic = monotonic
        self._checked_ns = 0
        self._newest: dict[bytes, tuple[Book, int]] = {}
        self._readable = Readable(asyncio.get_running_loop(), self, self._serve)

    def send(self, message: Message, topic: bytes | None = None) -> None:
        """Publish one message under its own topic, or under `topic`."""
        name, now_ns = topic or topic_of(message), self._monotonic()
        if type(message) is Book:
            self._newest[name] = (message, now_ns)
        self._publish(name, message, self._clock())
        if now_ns - self._checked_ns >= CHECK_NS:
            self._checked_ns = now_ns
            self.welcome()

    def welcome(self) -> None:
        """Serve those who have come; `send` does so, but not each time."""
        self._readable.check()

    def close(self) -> None:
        """Close without lingering."""
        self._readable.close()
        super().close()

    def _serve(self) -> None:
        wanted: dict[bytes, None] = {}
        try:
            while True:
                asked = self.socket.recv(zmq.NOBLOCK)
                if asked.startswith(SUBSCRIBES):
                    prefix = asked.removeprefix(SUBSCRIBES)
                    wanted |= {name: None for name in self._newest if name.startswith(prefix)}
        except zmq.Again:
            pass
        for name in wanted:
            book, since_ns = self._newest[name]
            self._publish(name, book, self._clock() - (self._monotonic() - since_ns))

"""The sockets of a bot worker: what can be read, and what was sent; no decision is made here."""

from collections.abc import Callable, Iterator
from typing import Any

import zmq

from lib.bus import endpoints
from lib.bus.protocol import Header, Message, topic
from lib.bus.request_sockets import Client
from lib.bus.sockets import Pusher, Subscriber
from lib.bus.start import Start
from lib.constants import Channel, WorkerKind

MARKET_KINDS = (Channel.BOOK, Channel.TRADE, Channel.CANDLE)
FAREWELL_MS = 100
"""What the last report may take to leave."""
DRAINS = 40
"""Batches taken from one socket in a row: its whole high-water mark."""


class Links:
    """All of a bot worker's sockets, and one poll over them.

    Args:
        start: The worker's birth certificate.
        owner: `<bot name>:<SYMBOL>`.
        symbols: Own and watched symbols, own first.
        clock: Returns ns since the epoch.
        wakeup_fd: Readable at a signal; -1 for none.
        on_bad_frame: Told once per kind of frame that cannot be understood.
    """

    def __init__(
        self,
        start: Start,
        owner: str,
        symbols: list[str],
        clock: Callable[[], int],
        wakeup_fd: int,
        on_bad_frame: Callable[[str], None],
    ) -> None:
        """Connect everything."""
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._start = start
        run_dir = start.run_dir
        self._market_topics = [topic(kind, symbol) for kind in MARKET_KINDS for symbol in symbols]
        self.market = Subscriber(
            self.context,
            [endpoints.market(run_dir, name) for name in start.streams],
            self._market_topics,
            on_bad_frame,
        )
        self.account = Subscriber(
            self.context,
            [endpoints.ipc(run_dir, endpoints.ACCOUNT)],
            [
                topic("order", owner),
                topic("account", symbols[0]),
                b"balance.",
                topic("health", WorkerKind.EXCHANGE),
            ],
            on_bad_frame,
        )
        self.lifecycle = Subscriber(
            self.context,
            [endpoints.ipc(run_dir, endpoints.LIFECYCLE)],
            [topic("roster"), topic("command", start.name), b"health."],
            on_bad_frame,
        )
        self.orders = Client(self.context, endpoints.ipc(run_dir, endpoints.ORDERS))
        self.pusher = Pusher(
            self.context, endpoints.ipc(run_dir, endpoints.HEARTBEAT), start.incarnation, clock
        )
        self._lifeline_fd = start.lifeline_fd
        self._wakeup_fd = wakeup_fd
        self._poller = self._make_poller()

    def poll(self, timeout_ms: int) -> bool:
        """Wait until something can be read; return whether the lifeline has closed."""
        ready = self._poller.poll(timeout_ms)
        return any(found == self._lifeline_fd for found, _ in ready)

    def forget_lifeline(self) -> None:
        """Stop polling the lifeline: it stays closed."""
        self._lifeline_fd = -1
        self._poller = self._make_poller()

    def reopen(self, subscriber: Subscriber) -> None:
        """Replace a subscriber's socket by a fresh one."""
        subscriber.reopen()
        self._poller = self._make_poller()

    def hear(self, roster: list[list[Any]]) -> None:
        """Listen to every stream worker that lives, also to one that came after us."""
        self.market.hear(endpoints.markets(self._start.run_dir, self._start.streams, roster))

    def deafen(self) -> None:
        """Lose the market subscriptions, the connection staying open (a drill)."""
        for name in self._market_topics:
            self.market.socket.unsubscribe(name)

    def close(self) -> None:
        """Close all, giving the last report a moment to leave."""
        for link in (self.market, self.account, self.lifecycle, self.orders):
            link.close()
        self.pusher.close(FAREWELL_MS)
        self.context.term()

    def _make_poller(self) -> zmq.Poller:
        poller = zmq.Poller()
        for link in (self.market, self.account, self.lifecycle, self.orders):
            poller.register(link.socket, zmq.POLLIN)
        for fd in (self._lifeline_fd, self._wakeup_fd):
            if fd >= 0:
                poller.register(fd, zmq.POLLIN)
        return poller


def drain(subscriber: Subscriber) -> Iterator[tuple[bytes, Header, Message | None]]:
    """Yield all that waits at a subscriber, up to its high-water mark."""
    for _ in range(DRAINS):
        count = 0
        for event in subscriber.receive():
            count += 1
            yield event
        if not count:
            return

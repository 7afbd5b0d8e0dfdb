"""The sockets of requests and replies: blocking-free ZeroMQ with stated bounds."""

from collections.abc import Iterator

import zmq

from lib.bus.protocol import Request, encode_request
from lib.bus.sockets import BATCH, bind, make_socket, take

ORDERS_HIGH_WATER = 1_000
"""Requests or replies per peer and direction."""


class Client:
    """DEALER socket for requests; a request is never queued for an absent peer.

    Args:
        context: ZeroMQ context of the process.
        address: The server's address.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", address: str) -> None:
        """Connect at once."""
        self._context = context
        self._address = address
        self.socket = self._open()

    def send(self, request_id: bytes, request: Request) -> bool:
        """Send one request; return False when no server is there to take it."""
        try:
            self.socket.send_multipart((request_id, encode_request(request)), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self, limit: int = BATCH) -> Iterator[tuple[bytes, bytes]]:
        """Yield (request id, reply payload) of what waits, without blocking."""
        for _ in range(limit):
            try:
                frames = take(self.socket)
            except zmq.Again:
                return
            if len(frames) == 2:
                yield frames[0], frames[1]

    def close(self) -> None:
        """Close without lingering."""
        self.socket.close(0)

    def _open(self) -> "zmq.Socket[bytes]":
        socket = make_socket(self._context, zmq.DEALER, ORDERS_HIGH_WATER)
        socket.immediate = True
        socket.connect(self._address)
        return socket


Peer = tuple[bytes, ...]
"""Routing frames of a request: the identity, and REQ's empty delimiter when it sent one."""


class Server:
    """ROUTER socket that serves DEALER and plain REQ clients.

    Args:
        context: ZeroMQ context of the process.
        address: Where to bind.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", address: str) -> None:
        """Bind at once.

        Raises:
            OSError: The address cannot be bound, or another process serves it.
        """
        self.socket = make_socket(context, zmq.ROUTER, ORDERS_HIGH_WATER)
        bind(self.socket, address)
        self.bad_frames = 0

    def receive(self, limit: int = BATCH) -> Iterator[tuple[Peer, bytes, bytes]]:
        """Yield (peer, request id, request payload) of what waits, without blocking."""
        for _ in range(limit):
            try:
                identity, *frames = take(self.socket)
            except zmq.Again:
                return
            peer: Peer = (identity,)
            if len(frames) == 3 and not frames[0]:
                peer = (identity, frames.pop(0))
            if len(frames) != 2:
                self.bad_frames += 1
                continue
            yield peer, frames[0], frames[1]

    def reply(self, peer: Peer, request_id: bytes, payload: bytes) -> None:
        """Send one reply; a peer that is gone, or too slow to take it, loses it."""
        try:
            self.socket.send_multipart((*peer, request_id, payload), zmq.NOBLOCK)
        except zmq.Again:
            return

    def close(self) -> None:
        """Close without lingering."""
        self.socket.close(0)

"""The bus's sockets: blocking-free ZeroMQ with stated bounds; no decision is made here."""

from collections.abc import Callable, Iterable, Iterator
from errno import EADDRINUSE
from socket import AF_UNIX, SOCK_STREAM
from socket import socket as unix_socket

import zmq

from lib.bus.protocol import (
    Header,
    Message,
    decode,
    encode,
    encode_quiet,
    topic_of,
)
from lib.errors import ProtocolError

HIGH_WATER = 20_000
"""Messages per peer and direction: 13 s of the busiest recorded minute's median rate."""
RECONNECT_MS = 2
"""ZeroMQ's own default of 100 ms would be most of an outage."""
RECONNECT_MAX_MS = 20
RECONNECTED_SECONDS = 0.025
"""So long after a socket was bound all who had lost it are connected again."""
BATCH = 512
"""Messages taken from a socket before others get their turn."""

# As plain integers: combining and passing pyzmq's enums costs as much as sending a frame.
_NOBLOCK = int(zmq.NOBLOCK)
_MORE = int(zmq.SNDMORE | zmq.NOBLOCK)

Clock = Callable[[], int]
BadFrame = Callable[[str], None]


def make_socket(
    context: "zmq.Context[zmq.Socket[bytes]]", kind: int, high_water: int = HIGH_WATER
) -> "zmq.Socket[bytes]":
    """Return a socket that neither lingers nor queues without bound, and reconnects at once."""
    socket = context.socket(kind)
    socket.linger = 0
    socket.sndhwm = high_water
    socket.rcvhwm = high_water
    socket.reconnect_ivl = RECONNECT_MS
    socket.reconnect_ivl_max = RECONNECT_MAX_MS
    return socket


def bind(socket: "zmq.Socket[bytes]", address: str) -> None:
    """Bind a socket to an `ipc` address that nobody serves.

    ZeroMQ itself would take the address away from whoever serves it, and say nothing.

    Raises:
        OSError: Another process serves it, or the address cannot be bound.
    """
    with unix_socket(AF_UNIX, SOCK_STREAM) as probe:
        try:
            probe.connect(address.removeprefix("ipc://"))
        except OSError:
            socket.bind(address)
            return
    raise OSError(EADDRINUSE, f"{address} is served by another process")


def take(socket: "zmq.Socket[bytes]") -> list[bytes]:
    """Return the frames of one waiting message: `recv_multipart` at half its cost.

    A frame knows whether more follow; pyzmq's own asks the socket, by a slow call per frame.

    Raises:
        zmq.Again: Nothing waits.
    """
    frame = socket.recv(_NOBLOCK, copy=False)
    frames = [frame.bytes]
    while frame.more:
        frame = socket.recv(_NOBLOCK, copy=False)
        frames.append(frame.bytes)
    return frames


class Publisher:
    """PUB socket that numbers every topic's messages.

    `send` never blocks: a subscriber that cannot follow loses messages beyond the high-water mark
    and sees it by the sequence.

    Args:
        context: ZeroMQ context of the process.
        address: Where to bind.
        incarnation: This life's number.
        clock: Returns ns since the epoch (a timer's `Timestamp`).
    """

    kind = zmq.PUB

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        address: str,
        incarnation: int,
        clock: Clock,
    ) -> None:
        """Bind at once.

        Raises:
            OSError: The address cannot be bound, or another process serves it.
        """
        self.socket = make_socket(context, self.kind)
        bind(self.socket, address)
        self.incarnation = incarnation
        self.sequences: dict[bytes, int] = {}
        self._clock = clock

    def send(self, message: Message, topic: bytes | None = None) -> None:
        """Publish one message under its own topic, or under `topic`."""
        self._publish(topic or topic_of(message), message, self._clock())

    def repeat_sequences(self) -> None:
        """Publish each topic's current sequence again, so that a lost last message shows."""
        now_ns = self._clock()
        for name, sequence in self.sequences.items():
            self.socket.send(name, _MORE)
            self.socket.send(encode_quiet(self.incarnation, sequence, now_ns), _NOBLOCK)

    def close(self) -> None:
        """Close without lingering."""
        self.socket.close(0)

    def _publish(self, name: bytes, message: Message, published_ns: int) -> None:
        sequence = self.sequences.get(name, 0) + 1
        self.sequences[name] = sequence
        self.socket.send(name, _MORE)
        self.socket.send(encode(message, self.incarnation, sequence, published_ns), _NOBLOCK)


class Subscriber:
    """SUB socket over one or more publishers.

    Args:
        context: ZeroMQ context of the process.
        addresses: Where to connect; they need not exist yet.
        topics: Topic prefixes to subscribe.
        on_bad_frame: Told once per kind of bad frame; all are counted in `bad_frames`.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        addresses: Iterable[str],
        topics: Iterable[bytes],
        on_bad_frame: BadFrame = lambda _reason: None,
    ) -> None:
        """Connect and subscribe."""
        self._context = context
        self._addresses = list(addresses)
        self._topics = list(topics)
        self._bad_frame_kinds: set[str] = set()
        self._on_bad_frame = on_bad_frame
        self.bad_frames = 0
        self.socket = self._open()

    def receive(self, limit: int = BATCH) -> Iterator[tuple[bytes, Header, Message | None]]:
        """Yield (topic, header, message) of what waits, at most `limit`, without blocking."""
        for _ in range(limit):
            try:
                frames = take(self.socket)
            except zmq.Again:
                return
            try:
                if len(frames) != 2:
                    raise ProtocolError(f"{len(frames)} frames, not 2")
                yield frames[0], *decode(frames[0], frames[1])
            except ProtocolError as error:
                self._count_bad_frame(str(error))

    def subscribe(self, topics: Iterable[bytes]) -> None:
        """Add topic prefixes."""
        for topic in topics:
            self._topics.append(topic)
            self.socket.subscribe(topic)

    def hear(self, addresses: Iterable[str]) -> None:
        """Listen to these publishers from now on, and to no other; those kept notice nothing."""
        wanted = list(dict.fromkeys(addresses))
        for address in wanted:
            if address not in self._addresses:
                self.socket.connect(address)
        for address in self._addresses:
            if address not in wanted:
                self.socket.disconnect(address)
        self._addresses = wanted

    def reopen(self) -> None:
        """Replace the socket by a fresh one with the same topics (the first rung of healing).

        The old socket's descriptor is gone afterwards: register the new one where it was polled.
        """
        self.socket.close(0)
        self.socket = self._open()

    def close(self) -> None:
        """Close without lingering."""
        self.socket.close(0)

    def _open(self) -> "zmq.Socket[bytes]":
        socket = make_socket(self._context, zmq.SUB)
        for topic in self._topics:
            socket.subscribe(topic)
        for address in self._addresses:
            socket.connect(address)
        return socket

    def _count_bad_frame(self, reason: str) -> None:
        self.bad_frames += 1
        if reason not in self._bad_frame_kinds and len(self._bad_frame_kinds) < 100:
            self._bad_frame_kinds.add(reason)
            self._on_bad_frame(reason)


class Pusher:
    """PUSH socket of a worker to its supervisor; `send` drops rather than blocks.

    Args:
        context: ZeroMQ context of the process.
        address: The supervisor's heartbeat address.
        incarnation: This life's number.
        clock: Returns ns since the epoch.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        address: str,
        incarnation: int,
        clock: Clock,
    ) -> None:
        """Connect at once; the address need not exist yet."""
        self.socket = make_socket(context, zmq.PUSH, high_water=1_000)
        self.socket.connect(address)
        self._incarnation = incarnation
        self._sequence = 0
        self._clock = clock

    def send(self, message: Message) -> bool:
        """Send one message; return False when it had to be dropped."""
        self._sequence += 1
        payload = encode(message, self._incarnation, self._sequence, self._clock())
        try:
            self.socket.send_multipart((topic_of(message), payload), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def close(self, linger_ms: int = 0) -> None:
        """Close, giving what is queued at most `linger_ms` to leave."""
        self.socket.close(linger_ms)

"""Who gets which stream: connections, their subscriptions, and the fan-out of encoded frames."""

import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

from lib.venue.latency import Latency
from lib.venue.stream_names import Route, Stream, parse

MAX_STREAMS = 1024


class Wire(Protocol):
    """What a connection writes to: an asyncio transport, or a list in tests."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait."""


class Connection:
    """One websocket: its route, its form (raw or combined), its streams and what waits to leave.

    Args:
        number: Grows with every connection.
        wire: Where frames go.
        route: Which door it came through.
        combined: Whether payloads are wrapped with their stream's name.
    """

    def __init__(self, number: int, wire: Wire, route: Route, *, combined: bool) -> None:
        """Start without subscriptions."""
        self.number = number
        self.wire = wire
        self.route = route
        self.combined = combined
        self.streams: dict[str, Stream | None] = {}
        self.keys: dict[str, frozenset[str] | None] = {}
        """listenKey → wanted event names; None: no filter was given."""
        self.waiting: list[bytes] = []
        self.due_ns = 0
        """When the last delayed payload leaves."""

    def __hash__(self) -> int:
        """Connections are compared by identity."""
        return self.number


def frame(payload: bytes) -> bytes:
    """Return an unmasked websocket text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


Outlet = Callable[[Connection, Stream, bytes], bool]
"""Asked before a payload is queued while a fault is on; False: the payload is not to be sent."""


class Hub:
    """Knows every connection and delivers each payload to its subscribers.

    A payload is wrapped and framed once for all raw and once for all combined connections, and
    leaves with everything else of the same moment in one write at `flush`.
    """

    def __init__(self) -> None:
        """Start without connections."""
        self.connections: dict[int, Connection] = {}
        self.subscribers: dict[str, dict[int, Connection]] = {}
        self.outlet: Outlet | None = None
        self.latency: Latency | None = None
        self.now_ns = 0
        self.sent = 0
        self._dirty: dict[int, Connection] = {}
        self._next = 1
        self._order = itertools.count()
        self._later: list[tuple[int, int, Connection, tuple[str, bytes]]] = []

    def connect(self, wire: Wire, route: Route, *, combined: bool) -> Connection:
        """Add a connection."""
        connection = Connection(self._next, wire, route, combined=combined)
        self._next += 1
        self.connections[connection.number] = connection
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Forget a connection."""
        for name in tuple(connection.streams):
            self.unsubscribe(connection, name)
        self.connections.pop(connection.number, None)
        self._dirty.pop(connection.number, None)

    def subscribe(self, connection: Connection, name: str) -> Stream | None:
        """Add a subscription; return the stream if it will be delivered there."""
        stream = parse(name)
        connection.streams[name] = stream
        if stream is None or not stream.delivered_on(connection.route):
            return None
        self.subscribers.setdefault(name, {})[connection.number] = connection
        return stream

    def unsubscribe(self, connection: Connection, name: str) -> None:
        """Remove a subscription."""
        connection.streams.pop(name, None)
        listeners = self.subscribers.get(name)
        if listeners is not None:
            listeners.pop(connection.number, None)
            if not listeners:
                del self.subscribers[name]

    def publish(self, name: str, payload: bytes) -> None:
        """Queue a payload for every subscriber of a stream."""
        listeners = self.subscribers.get(name)
        if not listeners:
            return
        raw = wrapped = b""
        for connection in listeners.values():
            if self.outlet is not None and not self._let_out(connection, name, payload):
                continue
            if self.latency:
                self._hold(connection, name, payload)
                continue
            if connection.combined:
                wrapped = wrapped or frame(wrap(name, payload))
                connection.waiting.append(wrapped)
            else:
                raw = raw or frame(payload)
                connection.waiting.append(raw)
            self.sent += 1
            self._dirty[connection.number] = connection

    def send(self, connection: Connection, payload: bytes) -> None:
        """Queue a payload for one connection, as it is."""
        connection.waiting.append(frame(payload))
        self._dirty[connection.number] = connection

    def send_as(self, connection: Connection, name: str, payload: bytes) -> None:
        """Queue a payload for one connection, wrapped if the connection is combined."""
        self.send(connection, wrap(name, payload) if connection.combined else payload)

    def later(self, due_ns: int, connection: Connection, named: tuple[str, bytes]) -> None:
        """Keep a payload (with its stream's name) for one connection until `due_ns`."""
        heapq.heappush(self._later, (due_ns, next(self._order), connection, named))

    def next_release(self) -> int | None:
        """Return when the next kept payload is due."""
        return self._later[0][0] if self._later else None

    def release(self, now_ns: int) -> None:
        """Queue the kept payloads that are due."""
        while self._later and self._later[0][0] <= now_ns:
            _, _, connection, (name, payload) = heapq.heappop(self._later)
            if connection.number in self.connections:
                self.send_as(connection, name, payload)

    def flush(self) -> list[Connection]:
        """Write what waits; return the connections that do not keep up."""
        slow = []
        for connection in self._dirty.values():
            data = connection.waiting
            connection.waiting = []
            connection.wire.write(data[0] if len(data) == 1 else b"".join(data))
            if connection.wire.get_write_buffer_size() > MAX_WAITING:
                slow.append(connection)
        self._dirty.clear()
        return slow

    def _hold(self, connection: Connection, name: str, payload: bytes) -> None:
        # TCP keeps the order: nothing overtakes an earlier payload of its connection.
        assert self.latency is not None  # noqa: S101 - the caller asked
        connection.due_ns = max(connection.due_ns, self.now_ns + self.latency.draw_ns())
        self.later(connection.due_ns, connection, (name, payload))

    def _let_out(self, connection: Connection, name: str, payload: bytes) -> bool:
        stream = connection.streams.get(name)
        assert self.outlet is not None  # noqa: S101 - the caller asked
        return stream is None or self.outlet(connection, stream, payload)


MAX_WAITING = 16 * 1024 * 1024
"""Bytes a consumer may be behind before it is cut off, as the exchange does with slow ones."""


def wrap(name: str, payload: bytes) -> bytes:
    """Return the combined form of a payload."""
    return b'{"stream":"' + name.encode() + b'","data":' + payload + b"}"

"""Websocket connections: the handshake by route, reading, pings, ages, and orderly ends."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from lib.constants import NS_PER_SECOND
from lib.timer import AbstractTimer
from lib.venue.control import answer_control, subscribe
from lib.venue.hub import Connection
from lib.venue.stream_names import Route
from lib.venue.venue import Venue
from lib.venue.ws_api import Session, WsApi

API_PATH = "/ws-fapi/v1"
POLICY_VIOLATION = 1008
GOING_AWAY = 1001
CLOSE_SECONDS = 1.0
MAX_MESSAGE = 1024 * 1024
REFUSED = 503
NOT_FOUND = 404


class Peer:
    """What the shell keeps of one websocket beside its `Connection`."""

    def __init__(self, socket: web.WebSocketResponse, transport: Any, now_ns: int) -> None:
        """Note when it was opened."""
        self.socket = socket
        self.transport = transport
        self.opened_ns = now_ns
        self.pinged_ns = now_ns
        self.heard_ns = now_ns
        self.messages: deque[int] = deque()
        self.closing = False
        self.limited = True


class Sockets:
    """Accepts, reads and closes websockets; all frames are written by the hub's flush.

    Args:
        venue: Whose streams and requests are served.
        timer: Waits for closings.
        now: The venue's clock, ns.
    """

    def __init__(self, venue: Venue, timer: AbstractTimer, now: Callable[[], int]) -> None:
        """Start without connections."""
        self._venue = venue
        self._timer = timer
        self._now = now
        self._peers: dict[Connection, Peer] = {}
        self._api = WsApi(venue)
        self._closings: set[asyncio.Task[Any]] = set()

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it ends."""
        route, combined = read_route(request.path)
        if route is None and request.path != API_PATH:
            return web.Response(status=NOT_FOUND)
        refusal = self._refuse(request, route)
        if refusal is not None:
            return refusal
        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=MAX_MESSAGE, timeout=CLOSE_SECONDS
        )
        await socket.prepare(request)
        now_ns = self._now()
        wire = request.transport
        if wire is None:
            return socket
        door = Route.LEGACY if route is None else route
        connection = self._venue.hub.connect(wire, door, combined=combined)
        self._peers[connection] = Peer(socket, wire, now_ns)
        try:
            if route is None:
                await self._serve_api(connection, socket, request)
            else:
                self._subscribe(connection, request, now_ns)
                self.flush()
                await self._serve_streams(connection, socket)
        finally:
            self._peers.pop(connection, None)
            self._venue.hub.disconnect(connection)
        return socket

    def flush(self) -> None:
        """Write what waits; cut who is too slow; carry out the venue's commands."""
        for connection in self._venue.hub.flush():
            self._abort(connection)
        while self._venue.commands:
            name, args = self._venue.commands.pop(0)
            self._command(name, args)

    def watch(self, now_ns: int) -> None:
        """Ping who is due, drop who does not answer, cut who is too old."""
        settings = self._venue.settings
        for connection, peer in tuple(self._peers.items()):
            if now_ns - peer.opened_ns >= settings.connection_ns:
                self._end(connection, GOING_AWAY)
            elif now_ns - peer.heard_ns >= settings.pong_ns + settings.ping_ns:
                self._abort(connection)
            elif now_ns - peer.pinged_ns >= settings.ping_ns:
                peer.pinged_ns = now_ns
                self._later(peer.socket.ping(str(now_ns).encode()))

    async def close(self) -> None:
        """End every connection."""
        for connection in tuple(self._peers):
            self._end(connection, GOING_AWAY)
        if self._closings:
            await asyncio.wait(self._closings, timeout=CLOSE_SECONDS)
        for connection in tuple(self._peers):
            self._abort(connection)
        for task in self._closings:
            task.cancel()

    def _refuse(self, request: web.Request, route: Route | None) -> web.Response | None:
        for fault in self._venue.faults.named({"refuse_connects"}, self._now()):
            if fault.get("route") in {None, "" if route is None else route.value}:
                fault.strike()
                if fault.get("hard") and request.transport is not None:
                    request.transport.abort()
                return web.Response(status=REFUSED)
        return None

    def _subscribe(self, connection: Connection, request: web.Request, now_ns: int) -> None:
        for name in stream_names(request.path, request.query.getall("streams", [])):
            subscribe(self._venue, connection, name, now_ns)
        if connection.route is Route.PRIVATE:
            for key, events in listen_keys(list(request.query.items())):
                self._venue.users.open(connection, key, events, now_ns)

    async def _serve_streams(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if not await self._heard(connection, message):
                continue
            text = message.data if isinstance(message.data, str) else message.data.decode()
            answer = answer_control(self._venue, connection, text, self._now())
            self._venue.hub.send(connection, answer)
            self.flush()

    async def _serve_api(
        self, connection: Connection, socket: web.WebSocketResponse, request: web.Request
    ) -> None:
        self._peers[connection].limited = False
        shown = request.query.get("returnRateLimits", "true") != "false"
        session = Session(self._now(), shown)
        self._api.connected(self._now())
        async for message in socket:
            if not await self._heard(connection, message):
                continue
            text = message.data if isinstance(message.data, str) else message.data.decode()
            answer, delay = self._api.answer(session, text, self._now())
            self.flush()
            if delay:
                self._later(self._send_late(connection, answer, delay))
            elif answer:
                self._venue.hub.send(connection, answer)
                self.flush()

    async def _send_late(self, connection: Connection, answer: bytes, delay: float) -> None:
        await self._timer.SleepAsync(delay)
        if answer and connection in self._peers:
            self._venue.hub.send(connection, answer)
            self.flush()

    async def _heard(self, connection: Connection, message: WSMessage) -> bool:
        peer = self._peers[connection]
        now_ns = self._now()
        peer.heard_ns = now_ns
        if message.type is WSMsgType.PING:
            await peer.socket.pong(message.data)
        recent = peer.messages
        recent.append(now_ns)
        while recent[0] <= now_ns - NS_PER_SECOND:
            recent.popleft()
        if len(recent) > self._venue.settings.messages and peer.limited:
            self._end(connection, POLICY_VIOLATION)
            return False
        return message.type in {WSMsgType.TEXT, WSMsgType.BINARY}

    def _command(self, name: str, args: Any) -> None:
        now_ns = self._now()
        for connection, peer in tuple(self._peers.items()):
            if args.get("route") not in {None, connection.route.value}:
                continue
            if name == "cut" and now_ns - peer.opened_ns < float(args.get("age", 0)) * 1e9:
                continue
            if args.get("hard"):
                self._abort(connection)
            else:
                self._end(connection, int(args.get("code", GOING_AWAY)))

    def _end(self, connection: Connection, code: int) -> None:
        peer = self._peers[connection]
        if not peer.closing:
            peer.closing = True
            self._later(peer.socket.close(code=code))

    def _abort(self, connection: Connection) -> None:
        peer = self._peers.get(connection)
        if peer is not None:
            peer.transport.abort()

    def _later(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(coroutine))
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)


async def _quietly(coroutine: Any) -> None:
    # The peer may be gone already, which is what was wanted.
    try:
        await coroutine
    except (ConnectionError, RuntimeError, TimeoutError):
        return


def read_route(path: str) -> tuple[Route | None, bool]:
    """Return the route and whether payloads are wrapped; None for a path that is no stream."""
    parts = path.strip("/").split("/")
    route = Route.LEGACY
    if parts[0] in {Route.PUBLIC.value, Route.MARKET.value, Route.PRIVATE.value}:
        route = Route(parts.pop(0))
    if not parts or parts[0] not in {"ws", "stream"}:
        return None, False
    return route, parts[0] == "stream"


def stream_names(path: str, queries: list[str]) -> list[str]:
    """Return the stream names of `/ws/a/b` or `/stream?streams=a/b`."""
    _, _, tail = path.partition("/ws/")
    names = tail.split("/") if "/ws/" in path else [n for each in queries for n in each.split("/")]
    return [name for name in names if name]


def listen_keys(pairs: list[tuple[str, str]]) -> list[tuple[str, frozenset[str] | None]]:
    """Return the keys of a private URL, each with the `events` that follow it."""
    found: list[tuple[str, frozenset[str] | None]] = []
    for name, text in pairs:
        if name == "listenKey":
            found.append((text, None))
        elif name == "events" and found:
            found[-1] = (found[-1][0], frozenset(filter(None, text.replace(",", "/").split("/"))))
    return found

"""A few lines of exchange, for faults that the venue does not play: it sends what it is told."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Self

from aiohttp import ClientConnectionResetError, WSMsgType, web

from lib.timer import LiveTimer

DEADLINE = 10.0
"""Seconds; many times what anything here takes."""


class Feed:
    """Accepts websockets on any route, keeps them, and answers some REST paths."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.urls: list[str] = []
        self.received: list[dict[str, Any]] = []
        self.refusal: tuple[int, dict[str, str]] | None = None
        self.refuse_rest: Callable[[], web.Response] | None = None
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.hello: list[str] = []
        self.pongs: list[bytes] = []
        self.shift_ms = 0
        self.news = asyncio.Condition()
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/fapi/v1/{name}", self._rest)
        app.router.add_get("/{path:.*}", self._socket)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self.sockets:
            self.cut(socket)
        await self._runner.cleanup()

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> list[web.WebSocketResponse]:
        return [socket for socket in self.sockets if not socket.closed]

    async def send(self, *values: Any, to: web.WebSocketResponse | None = None) -> None:
        """Send texts as they are, anything else as JSON, to one socket or all."""
        for value in values:
            text = value if isinstance(value, str) else json.dumps(value)
            for socket in [to] if to is not None else self.open:
                # like the exchange, which sends into what its client is closing just now
                with contextlib.suppress(ClientConnectionResetError):
                    await socket.send_str(text)

    def cut(self, socket: web.WebSocketResponse) -> None:
        """Break TCP without a goodbye."""
        transport = socket._req.transport if socket._req is not None else None
        if transport is not None:
            transport.abort()

    async def until(self, condition: Any) -> None:
        """Wait until something that this server sees is true."""
        async with asyncio.timeout(DEADLINE), self.news:
            await self.news.wait_for(condition)

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.urls.append(request.path_qs)
        if self.refusal is not None:
            await self._tell()
            return web.Response(status=self.refusal[0], headers=self.refusal[1])
        socket = web.WebSocketResponse(compress=False, autoping=False)
        await socket.prepare(request)
        for text in self.hello:
            await socket.send_str(text)
        self.sockets.append(socket)
        await self._tell()
        async for message in socket:
            match message.type:
                case WSMsgType.TEXT:
                    self.received.append(json.loads(message.data))
                    await self._tell()
                case WSMsgType.PING:
                    await socket.pong(message.data)
                case WSMsgType.PONG:
                    self.pongs.append(bytes(message.data))
        await self._tell()
        return socket

    async def _rest(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(request.path_qs)
        await self._tell()
        if self.refuse_rest is not None:
            return self.refuse_rest()
        if name == "time":
            return web.json_response(
                {"serverTime": LiveTimer().Timestamp() // 10**6 + self.shift_ms}
            )
        return web.json_response(self.answers.get(name, {"code": -1, "msg": "no"}))


async def eventually(condition: Any) -> None:
    """Wait until something that only our side sees is true."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await LiveTimer().SleepAsync(0.005)


def now_ms() -> int:
    """Return the local time in ms."""
    return LiveTimer().Timestamp() // 10**6


def book(update_id: int, symbol: str = "BTCUSDT", event_ms: int | None = None) -> dict[str, Any]:
    """Return a book ticker event in its envelope."""
    event_ms = now_ms() if event_ms is None else event_ms
    prices = {"b": "100.10", "B": "1", "a": "100.20", "A": "2"}
    event = {"e": "bookTicker", "u": update_id, "s": symbol, "E": event_ms, "T": event_ms}
    return {"stream": f"{symbol.lower()}@bookTicker", "data": event | prices}


def kline(minute: int, symbol: str = "BTCUSDT", *, closed: bool = True) -> dict[str, Any]:
    """Return a kline event in its envelope; `minute` is its start, minutes since the epoch."""
    prices = {"o": "1", "h": "3", "l": "1", "c": "2", "v": "5"}
    body = {"t": minute * 60_000, "T": minute * 60_000 + 59_999, "s": symbol, "i": "1m"}
    event = {"e": "kline", "E": now_ms(), "s": symbol, "k": body | prices | {"x": closed}}
    return {"stream": f"{symbol.lower()}@kline_1m", "data": event}


def diff(first_id: int, last_id: int, previous_id: int, bids: list[list[str]]) -> dict[str, Any]:
    """Return a diff depth event in its envelope."""
    event = {"e": "depthUpdate", "E": now_ms(), "T": 1, "s": "BTCUSDT", "b": bids, "a": []}
    ids = {"U": first_id, "u": last_id, "pu": previous_id}
    return {"stream": "btcusdt@depth@100ms", "data": event | ids}

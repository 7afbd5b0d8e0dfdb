"""One websocket of python-binance, from its opening to its end.

Its transport alone is used. Its queue loses what it holds when it overflows, one malformed frame
ends its read loop for good, its reconnect gives up after some attempts, and it never notices
silence (seen with python-binance 1.0.37): so frames are taken from the socket as they come, and
whoever owns a `Connection` makes a new one when it ended.
"""

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

from binance.ws.reconnecting_websocket import ReconnectingWebsocket
from websockets.exceptions import (
    ConnectionClosed,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from lib.errors import ConfigError, ExchangeUnavailable, RateLimited
from lib.stream.binance.frame_connection import FrameConnection, OnFrame
from lib.timer import AbstractTimer

OPEN_SECONDS = 5.0
"""For name, TCP, TLS and handshake; a host that takes longer is down for our purposes."""
PING_SECONDS = 10.0
"""Between our pings; silence is noticed earlier by age of data, this is for quiet markets."""
PONG_SECONDS = 10.0
MAX_FRAME = 16 * 1024 * 1024
"""Bytes; a larger frame ends the connection instead of the process."""
BLOCKED = frozenset({418, 429})
"""HTTP statuses by which the exchange says that we knock too often."""
BLOCKED_SECONDS = 30.0
"""Wait when it does not say how long."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_quiet = logging.getLogger("tickvisor.websocket")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class FrameSocket(ReconnectingWebsocket):
    """python-binance's websocket without its read loop, queue and reconnect."""

    def __init__(self, url: str, path: str, **options: Any) -> None:
        """Take what its maker takes; `url` ends with a slash."""
        super().__init__(url=url, path=path, prefix="", **options)
        self._log = _quiet
        # connect() starts the read loop only if there is none
        self._handle_read_loop = self


class Connection:
    """One websocket; opened once, read until it ends, never opened again.

    Args:
        ws_url: `wss://host` or `ws://127.0.0.1:PORT`.
        route: `public`, `market` or `private`.
        path: What follows the route, `stream?streams=…` or `ws?listenKey=…`.
        timer: Stamps the newest frame.
    """

    def __init__(self, ws_url: str, route: str, path: str, timer: AbstractTimer) -> None:
        """Prepare; nothing is connected before `open`."""
        base = ws_url.rstrip("/")
        self._timer = timer
        self._socket = FrameSocket(f"{base}/{route}/", path, **_options(base))
        self.opened_ns = 0
        """CLOCK_BOOTTIME of the opening, 0 before."""
        self.newest_ns = 0
        """CLOCK_BOOTTIME of the newest frame of any kind, of the opening before the first."""
        self.delivering = asyncio.Event()
        """Set by the first frame."""

    async def open(self) -> None:
        """Connect.

        Raises:
            RateLimited: The exchange says that we connect too often.
            ExchangeUnavailable: It cannot be reached, or does not speak the protocol.
            ConfigError: The URL is none.
        """
        try:
            await self._socket.connect()
        except InvalidURI as error:
            raise ConfigError(f"ws_url is not like wss://host: {error}") from error
        except InvalidStatus as error:
            raise _refusal(error) from error
        except (OSError, TimeoutError, EOFError, WebSocketException) as error:
            raise ExchangeUnavailable(f"{type(error).__name__}: {error}") from error
        self.opened_ns = self.newest_ns = self._timer.Monotonic()

    async def read(self, on_frame: OnFrame) -> str:
        """Hand every frame to `on_frame` as it comes; return why the connection ended.

        What `on_frame` raises ends the connection and is raised here.
        """
        websocket, monotonic = self._socket.ws, self._timer.Monotonic

        def take(frame: bytes) -> None:
            self.newest_ns = monotonic()
            on_frame(frame)

        def take_first(frame: bytes) -> None:
            self.delivering.set()
            websocket.deliver_to(take)
            take(frame)

        websocket.deliver_to(take_first)
        await asyncio.shield(websocket.ended)
        return str(websocket.protocol.close_exc)

    async def send(self, text: str) -> None:
        """Send one control message; a connection that is gone swallows it."""
        try:
            await self._socket.ws.send(text)
        except (ConnectionClosed, OSError):
            return

    def abort(self) -> None:
        """End at once, without the closing handshake that a dead peer would never answer."""
        if self._socket.ws is not None:
            self._socket.ws.transport.abort()


def _options(ws_url: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "open_timeout": OPEN_SECONDS,
        "ping_interval": PING_SECONDS,
        "ping_timeout": PONG_SECONDS,
        "max_size": MAX_FRAME,
        "create_connection": FrameConnection,
        "compression": None,
    }
    if urlsplit(ws_url).hostname in LOOPBACK:
        options["proxy"] = None
    return options


def _refusal(error: InvalidStatus) -> ExchangeUnavailable | RateLimited:
    status = error.response.status_code
    text = f"websocket refused with HTTP {status}"
    if status not in BLOCKED:
        return ExchangeUnavailable(text, status)
    after = error.response.headers.get("Retry-After", "")
    return RateLimited(text, status, float(after) if after.isdigit() else BLOCKED_SECONDS)

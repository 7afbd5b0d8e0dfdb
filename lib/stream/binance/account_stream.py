"""The account's own events (user data stream) of Binance USD-M, for the exchange worker alone."""

import asyncio
import random
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson
from websockets.exceptions import WebSocketException

from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError, ExchangeError
from lib.stream.abstract_stream import AbstractStream
from lib.stream.binance.backoff import Backoff
from lib.stream.binance.user_socket import UserSocket, UserSocketManager
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from binance import AsyncClient

    from lib.factory import AbstractFactory

KEEP_SECONDS = 1_500.0
"""A listen key lives for an hour and is prolonged well before."""
KEEP_AGAIN_SECONDS = 30.0
LIFE_SECONDS = 23 * 3_600.0
"""The exchange cuts every connection at 24 h: ours is replaced before."""
CONNECT_SECONDS = 5.0
EXPIRED = "listenKeyExpired"


class Connected(NamedTuple):
    """A connection stands; whatever happened before may have been missed."""

    connects: int


class Lost(NamedTuple):
    """No connection stands; what happens now is missed."""

    reason: str


AccountEvent = Connected | Lost | dict[str, Any]
"""What the sink gets: the state of the connection, or one parsed event of the exchange."""
AccountSink = Callable[[AccountEvent], None]


class Keys(Protocol):
    """Where listen keys come from: the gateway of the exchange worker."""

    client: "AsyncClient"

    async def listen_key(self) -> str:
        """Return the active key, prolonged, or a new one."""


class BinanceAccountStream(AbstractStream):
    """Follows one account for ever, whatever happens to connections and keys.

    Events may come twice while one connection replaces another, and are missed between `Lost` and
    `Connected`: the owner reads the account after each `Connected`.

    Args:
        config: `ws_url`, and `events` to subscribe (a list of names).
        factory: The process's factory.
        timer: The process's timer.
        keys: Gives listen keys.
    """

    def __init__(
        self,
        config: dict[str, Any],
        factory: "AbstractFactory",
        timer: AbstractTimer,
        keys: Keys | None = None,
    ) -> None:
        """Connect in `Run`."""
        super().__init__(config, factory, timer)
        self._keys = keys
        self._events: list[str] = list(config.get("events", ()))
        self._backoff = Backoff(random.random)
        self._socket: UserSocket | None = None
        self._key = ""
        self._changed = asyncio.Event()
        self._is_asked = False
        """Whether a new connection is wanted at once."""
        self._frame_ns = timer.Monotonic()
        self._sink: AccountSink = lambda _event: None
        self.connects = 0
        self.malformed = 0
        self.events = 0

    async def Run(self, sink: AccountSink) -> None:  # type: ignore[override]  # other events
        """Hand every event to `sink` at once, reconnecting for ever, until cancelled.

        Raises:
            ConfigError: It was constructed without `keys`.
        """
        if self._keys is None:
            raise ConfigError("the account stream runs in the exchange worker, which has the keys")
        self._sink = sink
        keeper = asyncio.create_task(self._keep_key(), name="listen key")
        try:
            while True:
                await self._pause(self._backoff.next_seconds())
                if await self._connect():
                    await self._follow()
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            if self._socket is not None:
                await self._socket.abort()

    def is_connected(self) -> bool:
        """Return whether a connection stands."""
        return self._socket is not None and self._socket.is_open

    def links(self) -> dict[str, int]:
        """Return the age in ns of the newest frame."""
        return {"account": self.timer.Monotonic() - self._frame_ns}

    def stats(self) -> dict[str, int]:
        """Return counters."""
        return {"connects": self.connects, "malformed": self.malformed, "events": self.events}

    def reconnect(self, symbols: Collection[str] = ()) -> None:
        """Replace the connection: the new one stands before the old one is dropped."""
        self._is_asked = True
        self._changed.set()

    async def _pause(self, seconds: float) -> None:
        """Wait before an attempt, unless somebody asks for it."""
        end_ns = self.timer.Monotonic() + round(seconds * NS_PER_SECOND)
        while not self._is_asked and (left_ns := end_ns - self.timer.Monotonic()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_ns / NS_PER_SECOND):
                    await self._changed.wait()
        self._is_asked = False

    async def _connect(self) -> bool:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await self._open()
        except (ExchangeError, WebSocketException, OSError, TimeoutError) as error:
            if not self.is_connected():
                self._drop(f"{type(error).__name__}: {error}")
            return False
        previous, self._socket = self._socket, socket
        self.connects += 1
        self._frame_ns = self.timer.Monotonic()
        self._is_asked = False
        self._changed.clear()
        self._sink(Connected(self.connects))
        if previous is not None:
            await previous.abort()
        return True

    async def _open(self) -> UserSocket:
        assert self._keys is not None  # noqa: S101 - checked by Run
        if not self._key:
            self._key = await self._keys.listen_key()
        manager = UserSocketManager(self._keys.client, self.config["ws_url"])
        socket = manager.user_socket(self._key, self._events, self._on_frame, self._on_closed)
        try:
            await socket.connect()
        except BaseException:
            await socket.abort()
            raise
        return socket

    async def _follow(self) -> None:
        opened_ns = self.timer.Monotonic()
        socket = self._socket
        with suppress(TimeoutError):
            async with asyncio.timeout(LIFE_SECONDS):
                await self._changed.wait()
        self._backoff.lived(self.timer.Monotonic() - opened_ns)
        if socket is not None and not socket.is_open:
            self._drop(socket.reason)

    def _drop(self, reason: str) -> None:
        # A key that no longer connects is not tried again.
        self._key = ""
        if self._socket is not None:
            self._socket = None
            self._sink(Lost(reason))

    def _on_closed(self, socket: UserSocket) -> None:
        if socket is self._socket:
            self._changed.set()

    def _on_frame(self, frame: str | bytes) -> None:
        self._frame_ns = self.timer.Monotonic()
        try:
            event = orjson.loads(frame)
        except ValueError:
            self.malformed += 1
            return
        if isinstance(event, dict) and "data" in event:
            event = event["data"]
        if not isinstance(event, dict) or "e" not in event:
            self.malformed += 1
            return
        self.events += 1
        if event["e"] == EXPIRED:
            # the socket stays open and silent: a new key needs a new socket
            self._key = ""
            self.reconnect()
        self._sink(event)

    async def _keep_key(self) -> None:
        assert self._keys is not None  # noqa: S101 - checked by Run
        wait = KEEP_SECONDS
        while True:
            await self.timer.SleepAsync(wait)
            try:
                key = await self._keys.listen_key()
            except ExchangeError:
                wait = KEEP_AGAIN_SECONDS
                continue
            wait = KEEP_SECONDS
            if self._key and key != self._key:
                self._key = key
                self.reconnect()

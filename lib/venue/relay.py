"""Brings another exchange's public streams to a live feed, and brings them back when they fail."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import orjson

from lib.errors import ConfigError
from lib.timer import AbstractTimer
from lib.venue.live_feed import STREAMS, LiveFeed
from lib.venue.recorder import Recorder
from lib.venue.wire_events import read_frame

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
SILENT_SECONDS = 30.0
FETCH_SECONDS = 10.0
FETCH_TRIES = 3
WANTED_PERIOD = 0.2
HISTORY = 1500
MAX_FRAME = 16 * 1024 * 1024
Result = TypeVar("Result")


class Relay:
    """The I/O half of a live feed.

    Args:
        feed: Takes what comes in.
        urls: REST and websocket base of the other exchange.
        timer: Waits between tries.
        now: The venue's clock, ns.
        arrived: Called after each push.
        record: File that gets every frame; empty: none.
    """

    def __init__(
        self,
        feed: LiveFeed,
        urls: tuple[str, str],
        timer: AbstractTimer,
        now: Callable[[], int],
        arrived: Callable[[], None],
        record: str = "",
    ) -> None:
        """Connect to nothing yet."""
        self._feed = feed
        self._rest_url, self._ws_url = urls
        self._timer = timer
        self._now = now
        self._arrived = arrived
        self._session: aiohttp.ClientSession | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.connects = 0
        self._record = record
        self._recorder: Recorder | None = None

    async def open(self) -> None:
        """Fetch the trading rules and candles, then begin to relay.

        Raises:
            OSError: The other exchange cannot be reached.
        ConfigError: It does not list a symbol.
        """
        if self._record:
            self._recorder = Recorder(self._record)
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout, json_serialize=str)
        self._feed.set_rules(await self._again(lambda: self._get("/fapi/v1/exchangeInfo")))
        for symbol in tuple(self._feed.active):
            if symbol not in self._feed.known:
                await self.close()
                raise ConfigError(f"venue.symbols: {self._rest_url} lists no {symbol}")
            await self._fetch_history(symbol)
        loop = asyncio.get_running_loop()
        for route in STREAMS:
            task = loop.create_task(self._relay(route), name=f"relay {route}")
            self._tasks.append(task)

    async def close(self) -> None:
        """End the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    async def _relay(self, route: str) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                if await self._once(route):
                    wait = FIRST_WAIT
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await self._timer.SleepAsync(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _once(self, route: str) -> bool:
        assert self._session is not None  # noqa: S101 - set in open()
        heard = False
        url = f"{self._ws_url}/{route}/stream"
        async with self._session.ws_connect(url, max_msg_size=MAX_FRAME, autoping=True) as socket:
            self.connects += 1
            asked: set[str] = set()
            while True:
                await self._subscribe(socket, route, asked)
                message = await self._receive(socket, asked)
                if message is None:
                    continue
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return heard
                heard = True
                self._take(message.data)

    async def _receive(
        self, socket: aiohttp.ClientWebSocketResponse, asked: set[str]
    ) -> aiohttp.WSMessage | None:
        # New symbols must be subscribed to even while nothing comes in.
        silent = 0.0
        while set(self._feed.active) == asked:
            try:
                return await socket.receive(timeout=WANTED_PERIOD)
            except TimeoutError:
                silent += WANTED_PERIOD
                if asked and silent >= SILENT_SECONDS:
                    raise
        return None

    async def _subscribe(
        self, socket: aiohttp.ClientWebSocketResponse, route: str, asked: set[str]
    ) -> None:
        new = [symbol for symbol in self._feed.active if symbol not in asked]
        if not new:
            return
        asked.update(new)
        names = [f"{symbol.lower()}@{name}" for symbol in new for name in STREAMS[route]]
        request = {"method": "SUBSCRIBE", "params": names, "id": len(asked)}
        await socket.send_str(orjson.dumps(request).decode())

    def _take(self, text: str) -> None:
        now_ns = self._now()
        if self._recorder is not None:
            self._recorder.add(now_ns, text.encode())
        try:
            events = read_frame(orjson.loads(text), now_ns)
        except (ValueError, KeyError, TypeError, ArithmeticError):
            # A frame that is not understood is the other exchange's news, not ours.
            return
        if events:
            self._feed.push(events, now_ns)
            self._arrived()

    async def _fetch_history(self, symbol: str) -> None:
        path = f"/fapi/v1/klines?symbol={symbol}&interval=1m&limit={HISTORY}"
        rows = await self._again(lambda: self._get(path))
        if isinstance(rows, list):
            self._feed.set_history(symbol, rows)

    async def _get(self, path: str) -> Any:
        assert self._session is not None  # noqa: S101 - set in open()
        async with self._session.get(self._rest_url + path) as response:
            response.raise_for_status()
            return orjson.loads(await response.read())

    async def _again(self, fetch: Callable[[], Awaitable[Result]]) -> Result:
        wait = FIRST_WAIT
        for left in reversed(range(FETCH_TRIES)):
            try:
                return await fetch()
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                if not left:
                    await self.close()
                    text = f"cannot reach {self._rest_url}: {type(error).__name__}"
                    raise OSError(0, text) from error
            await self._timer.SleepAsync(wait)
            wait *= 2
        raise AssertionError

"""The venue's sockets: HTTP and websockets on 127.0.0.1, and the clock that drives the venue."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any, Self

from aiohttp import web

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.timer import AbstractTimer
from lib.venue import payloads
from lib.venue.admin import ADMIN, answer_admin
from lib.venue.configuration import read_settings
from lib.venue.door import late_request
from lib.venue.engine import Engine
from lib.venue.live_feed import LiveFeed
from lib.venue.market_streams import PULSE_NS
from lib.venue.persistence import write_file
from lib.venue.relay import Relay
from lib.venue.requests import Answer, Request
from lib.venue.sockets import Sockets
from lib.venue.venue import Venue

HOST = "127.0.0.1"
LEAST_SLEEP_NS = NS_PER_MS
CLOSE_SECONDS = 1.0
SAVE_NS = NS_PER_SECOND
SAVE_SHARE = 20
MAX_BODY = 1024 * 1024
HTML = "text/html"
WAYS = {"POST": "order", "PUT": "order", "DELETE": "cancel"}
"""Method → which latency an order request has."""


class VenueServer:
    """A whole exchange in one object, usable as an async context manager.

    Args:
        config: The venue's config section.
        timer: The venue's clock.
    """

    def __init__(self, config: Mapping[str, Any], timer: AbstractTimer) -> None:
        """Check the config; nothing is opened before `start`."""
        self.settings = read_settings(config)
        self.venue = Venue(self.settings)
        self.port = self.settings.port
        self._timer = timer
        self._random = Random(self.settings.seed)
        self._sockets = Sockets(self.venue, timer, self.now)
        self._runner: web.AppRunner | None = None
        self._player: asyncio.Task[None] | None = None
        self._relay = self._make_relay(config)
        self._pulse_due_ns = 0
        self._save_due_ns = 0

    @property
    def engine(self) -> Engine:
        """The matching engine: the truth, for tests."""
        return self.venue.engine

    @property
    def rest_url(self) -> str:
        """Base of the REST paths."""
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Base of the stream paths."""
        return f"ws://{HOST}:{self.port}"

    @property
    def ws_api_url(self) -> str:
        """The websocket API."""
        return f"ws://{HOST}:{self.port}/ws-fapi/v1"

    @property
    def key(self) -> str:
        """API key of the first account."""
        return self.venue.account.key

    @property
    def secret(self) -> str:
        """Secret of the first account."""
        return self.venue.account.secret

    def endpoints(self) -> dict[str, str]:
        """Return what a client needs to connect."""
        return {
            "rest_url": self.rest_url,
            "ws_url": self.ws_url,
            "ws_api_url": self.ws_api_url,
            "key": self.key,
            "secret": self.secret,
        }

    def now(self) -> int:
        """Return the venue's time in ns."""
        return self._timer.Timestamp() + self.venue.offset_ns

    async def start(self) -> None:
        """Begin to play and open the port.

        Raises:
            OSError: The port is taken, or the exchange of a live feed cannot be reached.
            ConfigError: That exchange does not list a symbol.
        """
        try:
            if self._relay is not None:
                await self._relay.open()
            self.venue.start(self.now())
            await self._listen()
        except BaseException:
            await self.stop()
            raise
        self._player = asyncio.get_running_loop().create_task(self._play(), name="venue player")

    async def stop(self) -> None:
        """Close every connection and the port; what `wait` raises was the player's end."""
        if self._player is not None:
            self._player.cancel()
            await asyncio.gather(self._player, return_exceptions=True)
            self._player = None
            if self.settings.persist:
                write_file(self.settings.persist, self.venue.save())
        if self._relay is not None:
            await self._relay.close()
        await self._sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def wait(self) -> None:
        """Wait for the player, which ends only by an error or `stop`."""
        assert self._player is not None  # noqa: S101 - set in start()
        await asyncio.shield(self._player)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    def _lateness(self, request: Request) -> float:
        # Requests that change orders take their configured time before they are looked at.
        latency = self.settings.latencies.get(WAYS.get(request.method, ""))
        late = latency.draw_ns() / NS_PER_SECOND if latency and _is_order(request.path) else 0.0
        delayed = self.venue.faults.named({"delay_rest"}, self.now())
        if delayed:
            late += late_request(delayed, request, self._random.random())
        return late

    def _make_relay(self, config: Mapping[str, Any]) -> Relay | None:
        feed = self.settings.feed
        if not isinstance(feed, LiveFeed):
            return None
        urls = str(config["rest_url"]).rstrip("/"), str(config["ws_url"]).rstrip("/")
        return Relay(feed, urls, self._timer, self.now, self._arrived, self.settings.record)

    def _arrived(self) -> None:
        self.venue.advance(self.now())
        self._sockets.flush()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_SECONDS
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            raise OSError(error.errno, f"port {self.port} on {HOST} is taken") from error
        self.port = self._runner.addresses[0][1]

    def _save(self, now_ns: int) -> None:
        if not self.settings.persist or not self.venue.changed or now_ns < self._save_due_ns:
            return
        start_ns = self._timer.Monotonic()
        write_file(self.settings.persist, self.venue.save())
        # A large file is written less often: saving takes a twentieth of the time at most.
        pause_ns = max(SAVE_NS, SAVE_SHARE * (self._timer.Monotonic() - start_ns))
        self._save_due_ns = now_ns + pause_ns

    async def _play(self) -> None:
        while True:
            now_ns = self.now()
            self.venue.advance(now_ns)
            if not now_ns < self._pulse_due_ns <= now_ns + PULSE_NS:
                self._pulse_due_ns = now_ns + PULSE_NS
                self.venue.pulse(now_ns)
                self._sockets.watch(now_ns)
                self._save(now_ns)
            self._sockets.flush()
            due_ns = self._pulse_due_ns
            deadline = self.venue.deadline()
            if deadline is not None:
                due_ns = min(due_ns, deadline)
            wait_ns = max(LEAST_SLEEP_NS, due_ns - self.now())
            await self._timer.SleepAsync(wait_ns / NS_PER_SECOND)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._sockets.accept(request)
        if path.startswith(ADMIN):
            text = await request.text()
            status, body = answer_admin(
                self.venue, self.now(), request.method, path, request.query, text
            )
            self._sockets.flush()
            return web.Response(status=status, body=body, content_type="application/json")
        query = request.raw_path.partition("?")[2]
        raw = await request.read() if request.can_read_body else b""
        body_text = raw.decode("utf-8", "replace")
        key = request.headers.get("X-MBX-APIKEY")
        return await self._rest(request, Request(request.method, path, query, body_text, key))

    async def _rest(self, http: web.Request, request: Request) -> web.StreamResponse:
        late = self._lateness(request)
        if late:
            await self._timer.SleepAsync(late)
        answer = self.venue.door.answer(request, self.now())
        self._sockets.flush()
        if answer.delay:
            await self._timer.SleepAsync(answer.delay)
        if answer.cut:
            transport = http.transport
            if transport is not None:
                transport.abort()
        return _response(answer)


def _is_order(path: str) -> bool:
    return "rder" in path.rpartition("/")[2]


def _response(answer: Answer) -> web.Response:
    if answer.html:
        return web.Response(
            status=answer.status, text=answer.body, headers=answer.headers, content_type=HTML
        )
    body = payloads.encode(answer.body)
    return web.Response(
        status=answer.status, body=body, headers=answer.headers, content_type="application/json"
    )

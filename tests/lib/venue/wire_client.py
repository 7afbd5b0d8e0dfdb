"""A bare client of the venue for tests: signed REST calls and websockets, nothing hidden."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from lib.constants import NS_PER_MS
from lib.timer import LiveTimer
from lib.venue.server import VenueServer

PATIENCE = 5.0
"""Seconds that a test waits for what must come."""


class WireClient:
    """Talks to one venue server."""

    def __init__(self, server: VenueServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def call(
        self, method: str, path: str, *, key: str | None = None, body: str = "", **params: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Send one request; return status, body and headers."""
        text = self.server.rest_url + path + (f"?{urlencode(params)}" if params else "")
        # What was signed must leave as it is.
        url = URL(text, encoded=True)
        headers = {"X-MBX-APIKEY": key} if key else {}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        async with self.session.request(method, url, headers=headers, data=body or None) as answer:
            raw = await answer.read()
            parsed = orjson.loads(raw) if answer.content_type == "application/json" else raw
            return answer.status, parsed, {k.lower(): v for k, v in answer.headers.items()}

    async def get(self, path: str, **params: Any) -> Any:
        """Return the body of a public GET that must succeed."""
        status, body, _ = await self.call("GET", path, **params)
        assert status == 200, body
        return body

    def stamp(self) -> int:
        """Return the server's time in ms."""
        return self.server.now() // NS_PER_MS

    def query(self, **params: Any) -> str:
        """Return a signed query."""
        text = urlencode({"timestamp": self.stamp(), "recvWindow": 5000, **params})
        digest = hmac.new(self.server.secret.encode(), text.encode(), hashlib.sha256)
        return f"{text}&signature={digest.hexdigest()}"

    async def signed(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """Send a signed request; return status and body."""
        status, body, _ = await self.signed_whole(method, path, **params)
        return status, body

    async def signed_whole(
        self, method: str, path: str, **params: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Send a signed request; return status, body and headers."""
        return await self.call(method, f"{path}?{self.query(**params)}", key=self.server.key)

    async def place(self, **changes: Any) -> tuple[int, Any]:
        """Place an order that rests far below the market unless told otherwise."""
        order = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.010",
            "price": "75000",
        }
        order.update(changes)
        return await self.signed("POST", "/fapi/v1/order", **{k: v for k, v in order.items() if v})

    async def listen_key(self) -> str:
        """Return the account's listenKey."""
        _, body, _ = await self.call("POST", "/fapi/v1/listenKey", key=self.server.key)
        return str(body["listenKey"])

    async def fault(self, name: str, **args: Any) -> Any:
        """Switch a fault on."""
        url = self.server.rest_url + "/venue/faults"
        async with self.session.post(url, json={"name": name, **args}) as answer:
            body = await answer.json()
            assert answer.status == 200, body
            return body

    async def clear(self, **which: Any) -> None:
        """Switch faults off."""
        await self.call("DELETE", "/venue/faults", **which)

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator["Socket"]:
        """Open a websocket."""
        async with self.session.ws_connect(self.server.ws_url + path, max_msg_size=0) as ws:
            yield Socket(ws)


class Socket:
    """One websocket of a test."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def next(self, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the next message that is wanted."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.ws.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, message
                body = orjson.loads(message.data)
                if wanted(body):
                    return body

    async def ask(self, **request: Any) -> Any:
        """Send a control frame and return its answer."""
        await self.ws.send_str(orjson.dumps(request).decode())
        return await self.next(lambda body: "e" not in body and "stream" not in body)

    async def is_silent(self, seconds: float = 0.4) -> bool:
        """Return whether nothing comes for a while, in which much would have come."""
        try:
            async with asyncio.timeout(seconds):
                await self.ws.receive()
        except TimeoutError:
            return True
        return False

    async def closing(self) -> int:
        """Return the code with which the venue ends the connection (1006: without one)."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.ws.receive()
                if message.type is aiohttp.WSMsgType.CLOSE:
                    return int(message.data)
                if message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
                    return self.ws.close_code or 1006
                if message.type is aiohttp.WSMsgType.ERROR:
                    return 1006


@asynccontextmanager
async def running(**config: Any) -> AsyncIterator[WireClient]:
    """Run a venue with a lively BTCUSDT and a client."""
    settings = {"active": ["BTCUSDT"], "rate": 200.0, "key_seed": "test", **config}
    async with (
        VenueServer(settings, LiveTimer()) as server,
        aiohttp.ClientSession() as session,
    ):
        yield WireClient(server, session)

"""One websocket of Binance's user data stream, through python-binance but read by ourselves.

python-binance's read loop dies of one malformed frame or a full queue, reconnects with expired
keys, and gives up after some attempts: it is replaced here. What stays is its way to the address
and its connecting.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from binance import AsyncClient, BinanceSocketManager
from binance.ws.keepalive_websocket import KeepAliveWebsocket
from websockets.exceptions import WebSocketException

PING_SECONDS = 5.0
"""Half-open connections show after at most twice this."""
MAX_FRAME = 1 << 22

OnFrame = Callable[[str | bytes], None]


class UserSocket(KeepAliveWebsocket):  # the parent's methods are overridden, not its contract
    """One connection for one listen key; it never reconnects by itself.

    Args:
        client: Client that the parent wants; not used for keys here.
        url: Address up to the route, with its trailing slash.
        query: What follows `ws?`.
        on_frame: Called with every frame, at once; must not raise.
        on_closed: Called once when the connection is gone.
    """

    def __init__(
        self,
        client: AsyncClient,
        url: str,
        query: str,
        on_frame: OnFrame,
        on_closed: Callable[["UserSocket"], None],
    ) -> None:
        """Connect in `connect`."""
        super().__init__(
            client,
            url=url,
            keepalive_type="futures",
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            compression=None,
            max_size=MAX_FRAME,
            proxy=None if url.startswith("ws://127.") else True,
        )
        self._prefix = "ws"
        self._path = f"?{query}"
        self._on_frame = on_frame
        self._on_closed = on_closed
        self._reader: asyncio.Task[None] | None = None
        self.is_open = False
        self.reason = ""

    async def abort(self) -> None:
        """Drop the connection without waiting for the other side's goodbye."""
        if self.ws is not None:
            self.ws.transport.abort()
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _before_connect(self) -> None:
        return

    async def _after_connect(self) -> None:
        # Put where the parent would start its own loop: then it starts none.
        self.is_open = True
        self._reader = asyncio.create_task(self._read(), name="account socket")
        self._handle_read_loop = self._reader

    async def _read(self) -> None:
        try:
            async for frame in self.ws:
                self._on_frame(frame)
            self.reason = "closed by the exchange"
        except (WebSocketException, OSError) as error:
            self.reason = f"{type(error).__name__}: {error}"
        finally:
            self.is_open = False
            self._on_closed(self)


class UserSocketManager(BinanceSocketManager):
    """Makes user sockets.

    Args:
        client: The signed client.
        ws_url: `wss://fstream.binance.com`, or where a compatible exchange listens.
    """

    def __init__(self, client: AsyncClient, ws_url: str) -> None:
        """Connect nothing."""
        self.FSTREAM_URL = f"{ws_url.rstrip('/')}/"
        super().__init__(client)

    def user_socket(
        self,
        key: str,
        events: Sequence[str],
        on_frame: OnFrame,
        on_closed: Callable[[UserSocket], None],
    ) -> UserSocket:
        """Return a socket for one listen key that subscribes `events` by name."""
        query = f"listenKey={key}"
        if events:
            query += f"&events={'/'.join(events)}"
        url: Any = f"{self.FSTREAM_URL}private/"
        return UserSocket(self._client, url, query, on_frame, on_closed)

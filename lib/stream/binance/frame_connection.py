"""A websocket connection that hands over each message as soon as its bytes are here.

`recv` would put every message into a queue and wake a task for it, which costs as much as all the
rest of a message's way to the bus (measured, see `benchmarks/ingest`).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.frames import DATA_OPCODES, Frame

OnFrame = Callable[[bytes], None]


class FrameConnection(ClientConnection):
    """Calls a function for every message, from the event loop's own read callback.

    What comes before `deliver_to` is kept and handed over there. `ended` becomes done when the
    connection is lost, or, with its exception, when the function failed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what its parent takes."""
        super().__init__(*args, **kwargs)
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._early: list[bytes] = []
        self._parts: list[bytes] = []
        self._on_frame: OnFrame = self._early.append

    def deliver_to(self, on_frame: OnFrame) -> None:
        """Hand over what came so far, and from now on everything."""
        self._on_frame = on_frame
        # taken away first: the function may name its successor by this very method
        early, self._early = self._early, []
        for frame in early:
            self._hand_over(frame)

    def process_event(self, event: Any) -> None:
        """Take one event of the protocol: a message's frame, or one for the parent."""
        if type(event) is not Frame or event.opcode not in DATA_OPCODES:
            super().process_event(event)
        elif event.fin and not self._parts:
            self._hand_over(bytes(event.data))
        else:
            self._parts.append(bytes(event.data))
            if event.fin:
                whole, self._parts = b"".join(self._parts), []
                self._hand_over(whole)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the reader."""
        super().connection_lost(exc)
        if not self.ended.done():
            self.ended.set_result(None)

    def _hand_over(self, frame: bytes) -> None:
        if self.ended.done():
            return
        try:
            self._on_frame(frame)
        except Exception as error:  # noqa: BLE001 - the protocol's callback must not raise
            self.ended.set_exception(error)
            self.transport.abort()

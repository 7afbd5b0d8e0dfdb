"""One connection being read, with the tasks that belong to it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from lib.stream.binance.connection import Connection
from lib.stream.binance.frame_connection import OnFrame
from lib.stream.binance.subscriptions import MESSAGES_PER_SECOND, chunks, subscribe, unsubscribe
from lib.timer import AbstractTimer

Step = tuple[Callable[[Iterable[str], int], str], Sequence[str]]
"""What to say to the exchange, and of which streams."""


class Life:
    """One connection being read, with the tasks that belong to it.

    Args:
        connection: An opened connection.
        streams: What it was asked for.
        on_frame: Takes every frame.
        renew_ns: How long it may live.
        timer: The process's timer.
    """

    def __init__(
        self,
        connection: Connection,
        streams: Iterable[str],
        on_frame: OnFrame,
        renew_ns: int,
        timer: AbstractTimer,
    ) -> None:
        """Start reading."""
        self.connection = connection
        self.streams = tuple(streams)
        """What it was asked for so far."""
        self.due_ns = connection.opened_ns + renew_ns
        """When its successor is to be made, CLOCK_BOOTTIME."""
        self.reading = asyncio.create_task(connection.read(on_frame), name="read")
        self.subscribing: asyncio.Task[None] | None = None
        self.was_judged = False
        """Whether its length of life has been taken into account for the next wait."""
        self._timer = timer
        self._control_id = 0

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended."""
        return self.reading.done()

    def reason(self) -> str:
        """Return why it ended; what a frame's handler raised is raised here."""
        return self.reading.result() if self.reading.done() else ""

    def complete(self, later: Sequence[str]) -> None:
        """Subscribe what did not fit into the address."""
        if later:
            self._then((subscribe, later))

    def align(self, streams: tuple[str, ...]) -> None:
        """Subscribe what is new, and no longer what is gone; whatever stays notices nothing."""
        gone = [name for name in self.streams if name not in streams]
        new = [name for name in streams if name not in self.streams]
        self.streams = streams
        if gone or new:
            self._then((subscribe, new), (unsubscribe, gone))

    def renew(self, streams: Iterable[str]) -> None:
        """Subscribe some of its streams anew, unless it is at that already."""
        if self.subscribing is None or self.subscribing.done():
            # a second SUBSCRIBE alone is answered and changes nothing
            names = [name for name in self.streams if name in frozenset(streams)]
            self._then((unsubscribe, names), (subscribe, names))

    async def end(self) -> None:
        """End the connection at once."""
        self.connection.abort()
        tasks = [task for task in (self.reading, self.subscribing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _then(self, *steps: Step) -> None:
        self.subscribing = asyncio.create_task(self._after(self.subscribing, steps))

    async def _after(self, before: "asyncio.Task[None] | None", steps: Iterable[Step]) -> None:
        if before is not None:
            await asyncio.wait((before,))
        for message, streams in steps:
            for chunk in chunks(streams):
                self._control_id += 1
                await self.connection.send(message(chunk, self._control_id))
                await self._timer.SleepAsync(1 / MESSAGES_PER_SECOND)

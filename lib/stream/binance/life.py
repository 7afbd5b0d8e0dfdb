"""One connection being read, with the tasks that belong to it."""

import asyncio
from collections.abc import Iterable

from lib.stream.binance.connection import Connection
from lib.stream.binance.frame_connection import OnFrame


class Life:
    """One connection being read, with the tasks that belong to it."""

    def __init__(
        self, connection: Connection, streams: Iterable[str], on_frame: OnFrame, renew_ns: int
    ) -> None:
        """Start reading an opened connection that was asked for `streams`."""
        self.connection = connection
        self.streams = tuple(streams)
        """What it was asked for so far."""
        self.due_ns = connection.opened_ns + renew_ns
        """When its successor is to be made, CLOCK_BOOTTIME."""
        self.reading = asyncio.create_task(connection.read(on_frame), name="read")
        self.subscribing: asyncio.Task[None] | None = None
        self.was_judged = False
        """Whether its length of life has been taken into account for the next wait."""

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended."""
        return self.reading.done()

    def reason(self) -> str:
        """Return why it ended; what a frame's handler raised is raised here."""
        return self.reading.result() if self.reading.done() else ""

    async def end(self) -> None:
        """End the connection at once."""
        self.connection.abort()
        tasks = [task for task in (self.reading, self.subscribing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

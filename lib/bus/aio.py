"""Lets an asyncio loop serve plain ZeroMQ sockets, at a third of the cost of `zmq.asyncio`."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import zmq


class HasSocket(Protocol):
    """Anything of `lib.bus.sockets`."""

    socket: "zmq.Socket[bytes]"


class Readable:
    """Calls `drain` whenever messages wait on a socket.

    ZeroMQ's descriptor is edge-triggered: it may stay silent while messages wait, after a partial
    drain or after a send. So `drain` (which takes at most one batch) is called again until nothing
    waits, one turn of the loop apart so that others get their turn, and `soon` must be called
    after sends on the same socket.

    Args:
        loop: The running loop.
        owner: The object that has the socket; asked anew each time, since it may reopen it.
        drain: Takes what waits, up to one batch.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, owner: HasSocket, drain: Callable[[], None]
    ) -> None:
        """Start watching."""
        self._loop = loop
        self._owner = owner
        self._drain = drain
        self._fd = -1
        self._scheduled = False
        self.watch()

    def watch(self) -> None:
        """Watch the owner's present socket (call it again after a reopen)."""
        self.close()
        self._fd = int(self._owner.socket.fd)
        self._loop.add_reader(self._fd, self.check)
        self.soon()

    def check(self) -> None:
        """Drain if anything waits."""
        watching = self._fd >= 0 and not self._owner.socket.closed
        if watching and int(self._owner.socket.events) & zmq.POLLIN:
            self._drain()
            self.soon()

    def soon(self) -> None:
        """Check in the loop's next turn; a `drain` that sends may call it, however often."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run_scheduled)

    def close(self) -> None:
        """Stop watching."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._fd = -1

    def _run_scheduled(self) -> None:
        self._scheduled = False
        self.check()

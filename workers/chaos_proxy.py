"""A TCP proxy that can be told to cut, to silence or to slow down what passes through it.

`python -m workers.chaos_proxy UPSTREAM_PORT` prints its own port; each line on its standard input
is a mode: `pass`, `reset`, `silent` or `slow`. It ends with its input.
"""

import asyncio
import contextlib
import socket
import struct
import sys

from lib.timer import AbstractTimer, LiveTimer

HOST = "127.0.0.1"
CHUNK = 65_536
SLOW_SECONDS = 0.25
POLL_SECONDS = 0.02
MODES = ("pass", "reset", "silent", "slow")
AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing send a reset."""


class Proxy:
    """Passes bytes on, or does not.

    Args:
        upstream: Port of the venue.
        timer: The process's timer.
    """

    def __init__(self, upstream: int, timer: AbstractTimer) -> None:
        """Pass everything."""
        self._upstream = upstream
        self._timer = timer
        self._mode = "pass"
        self._writers: set[asyncio.StreamWriter] = set()

    def set(self, mode: str) -> None:
        """Change what happens, to connections that are open, too."""
        self._mode = mode
        if mode == "reset":
            for writer in list(self._writers):
                _reset(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        if self._mode == "reset":
            _reset(writer)
            return
        try:
            there = await asyncio.open_connection(HOST, self._upstream)
        except OSError:
            _reset(writer)
            return
        ends = (writer, there[1])
        self._writers.update(ends)
        try:
            await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))
        finally:
            self._writers.difference_update(ends)
            for end in ends:
                end.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self._mode == "slow":
                    await self._timer.SleepAsync(SLOW_SECONDS)
                while self._mode == "silent":
                    await self._timer.SleepAsync(POLL_SECONDS)
                writer.write(data)
                await writer.drain()
            # a half that ends ends the whole: nobody here half-closes on purpose
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    end = writer.get_extra_info("socket")
    if end is not None:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()


async def serve(upstream: int) -> None:
    """Run until the standard input ends."""
    proxy = Proxy(upstream, LiveTimer())
    server = await asyncio.start_server(proxy.serve, HOST, 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        mode = line.decode().strip()
        if mode in MODES:
            proxy.set(mode)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

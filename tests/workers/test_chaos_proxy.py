"""The proxy passes, cuts, silences and slows down."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lib.timer import LiveTimer
from workers.chaos_proxy import HOST, Proxy

LIMIT = 5.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
        await writer.drain()
    writer.close()


class Rig:
    """An echo server behind a proxy."""

    def __init__(self, proxy: Proxy, port: int) -> None:
        self.proxy = proxy
        self.port = port

    async def connect(self) -> Streams:
        return await asyncio.open_connection(HOST, self.port)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    upstream = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy(upstream.sockets[0].getsockname()[1], LiveTimer())
    server = await asyncio.start_server(proxy.serve, HOST, 0)
    yield Rig(proxy, server.sockets[0].getsockname()[1])
    proxy.set("reset")
    server.close()
    upstream.close()
    await asyncio.sleep(0)


async def ask(streams: Streams, text: bytes) -> bytes:
    reader, writer = streams
    writer.write(text)
    await writer.drain()
    async with asyncio.timeout(LIMIT):
        return await reader.read(100)


async def test_what_is_sent_comes_through(rig: Rig) -> None:
    streams = await rig.connect()

    assert await ask(streams, b"hello") == b"hello"
    streams[1].close()


async def test_a_reset_ends_connections_and_refuses_new_ones(rig: Rig) -> None:
    streams = await rig.connect()
    await ask(streams, b"hello")

    rig.proxy.set("reset")

    with pytest.raises(ConnectionResetError):
        await ask(streams, b"more")
    later = await rig.connect()
    with pytest.raises(ConnectionResetError):
        await ask(later, b"hello")


async def test_what_is_silenced_arrives_once_the_silence_is_over(rig: Rig) -> None:
    streams = await rig.connect()
    await ask(streams, b"hello")
    rig.proxy.set("silent")
    waiting = asyncio.ensure_future(ask(streams, b"late"))
    done, _ = await asyncio.wait([waiting], timeout=0.2)

    rig.proxy.set("pass")

    assert not done
    assert await waiting == b"late"
    streams[1].close()

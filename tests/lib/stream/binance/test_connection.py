import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve

from lib.errors import ConfigError, ExchangeUnavailable, RateLimited
from lib.stream.binance.connection import Connection
from lib.timer import LiveTimer
from tests.lib.stream.binance.feed import DEADLINE, Feed, book, eventually

TIMER = LiveTimer()


async def opened(feed: Feed, path: str = "stream?streams=btcusdt@bookTicker") -> Connection:
    connection = Connection(feed.ws_url, "public", path, TIMER)
    await connection.open()
    return connection


async def test_frames_come_as_they_were_sent(feed: Feed) -> None:
    connection, frames = await opened(feed), list[bytes]()
    reading = asyncio.create_task(connection.read(frames.append))

    await feed.until(lambda: feed.open)
    await feed.send("{bad", "x", "币")
    await eventually(lambda: len(frames) == 3)

    assert frames == [b"{bad", b"x", "币".encode()]
    assert feed.urls == ["/public/stream?streams=btcusdt@bookTicker"]
    assert connection.newest_ns > connection.opened_ns
    connection.abort()
    await reading


async def test_broken_connection_says_why(feed: Feed) -> None:
    connection = await opened(feed)
    reading = asyncio.create_task(connection.read(lambda _frame: None))
    await feed.until(lambda: feed.open)

    feed.cut(feed.open[0])

    async with asyncio.timeout(DEADLINE):
        assert "no close frame" in await reading


async def test_closing_code_is_told(feed: Feed) -> None:
    connection = await opened(feed)
    reading = asyncio.create_task(connection.read(lambda _frame: None))
    await feed.until(lambda: feed.open)

    await feed.open[0].close(code=1008, message=b"too many")

    async with asyncio.timeout(DEADLINE):
        assert "1008" in await reading


async def test_abort_does_not_wait_for_the_peer(feed: Feed) -> None:
    connection = await opened(feed)
    reading = asyncio.create_task(connection.read(lambda _frame: None))
    began_ns = TIMER.Monotonic()

    connection.abort()
    await reading

    assert TIMER.Monotonic() - began_ns < 1e9


async def test_flood_loses_nothing(feed: Feed) -> None:
    connection, frames = await opened(feed), list[bytes]()
    reading = asyncio.create_task(connection.read(frames.append))
    await feed.until(lambda: feed.open)

    await feed.send(*[book(number) for number in range(10_000)])
    await eventually(lambda: len(frames) == 10_000)

    connection.abort()
    await reading


async def test_failing_handler_is_not_hidden(feed: Feed) -> None:
    connection = await opened(feed)

    def fail(_frame: bytes) -> None:
        raise RuntimeError("handler")

    reading = asyncio.create_task(connection.read(fail))
    await feed.until(lambda: feed.open)
    await feed.send("x")

    with pytest.raises(RuntimeError, match="handler"):
        await reading
    connection.abort()


async def test_refused_handshake_is_unavailable(feed: Feed) -> None:
    feed.refusal = (503, {})

    with pytest.raises(ExchangeUnavailable, match="HTTP 503"):
        await opened(feed)


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "7"}, 7.0), ({}, 30.0)])
async def test_blocked_address_is_told_how_long(
    feed: Feed, headers: dict[str, str], seconds: float
) -> None:
    feed.refusal = (429, headers)

    with pytest.raises(RateLimited) as caught:
        await opened(feed)
    assert caught.value.retry_after == seconds


async def test_closed_port_is_unavailable() -> None:
    with pytest.raises(ExchangeUnavailable):
        await Connection("ws://127.0.0.1:1", "public", "x", TIMER).open()


async def test_url_of_another_kind_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match="ws_url is not like wss://host"):
        await Connection("http://127.0.0.1:1", "public", "x", TIMER).open()


async def test_sending_on_a_gone_connection_is_swallowed(feed: Feed) -> None:
    connection = await opened(feed)
    reading = asyncio.create_task(connection.read(lambda _frame: None))
    connection.abort()
    await reading

    await connection.send("x")


async def test_what_comes_before_the_reader_is_not_lost(feed: Feed) -> None:
    feed.hello = ["1", "2", "3"]
    connection, frames = await opened(feed), list[bytes]()
    await feed.until(lambda: feed.open)
    await TIMER.SleepAsync(0.05)

    reading = asyncio.create_task(connection.read(frames.append))
    await feed.send("4")
    await eventually(lambda: len(frames) == 4)

    assert frames == [b"1", b"2", b"3", b"4"]
    assert connection.delivering.is_set()
    connection.abort()
    await reading


async def test_fragmented_message_is_put_together() -> None:
    async def send_in_parts(websocket: ServerConnection) -> None:
        await websocket.send(["one ", "mess", "age"])
        await websocket.send("another")
        await websocket.wait_closed()

    async with serve(send_in_parts, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        connection = Connection(f"ws://127.0.0.1:{port}", "public", "x", TIMER)
        frames: list[bytes] = []
        await connection.open()
        reading = asyncio.create_task(connection.read(frames.append))
        await eventually(lambda: len(frames) == 2)
        connection.abort()
        await reading

    assert frames == [b"one message", b"another"]


async def test_frame_beyond_all_reason_ends_the_connection_only(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.stream.binance.connection.MAX_FRAME", 1_000)
    connection, frames = await opened(feed), list[bytes]()
    reading = asyncio.create_task(connection.read(frames.append))
    await feed.until(lambda: feed.open)

    await feed.send("x" * 2_000)

    async with asyncio.timeout(DEADLINE):
        assert "1009" in await reading
    assert frames == []


async def test_ping_of_the_exchange_is_answered(feed: Feed) -> None:
    connection = await opened(feed)
    reading = asyncio.create_task(connection.read(lambda _frame: None))
    await feed.until(lambda: feed.open)

    await feed.open[0].ping(b"1790000000000")
    await eventually(lambda: feed.pongs)

    assert feed.pongs == [b"1790000000000"]
    connection.abort()
    await reading

import asyncio

import pytest

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

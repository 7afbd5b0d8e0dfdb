"""Whoever subscribes to a book has it at once, as old as it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import zmq

from lib.bus import endpoints
from lib.bus.market_publisher import CHECK_NS, MarketPublisher
from lib.bus.protocol import Header, Message, Trade, topic
from lib.bus.sockets import Subscriber
from tests.lib.bus.messages import book

Context = zmq.Context[zmq.Socket[bytes]]
BTC, ETH = topic("book", "BTCUSDT"), topic("book", "ETHUSDT")
TRADE = Trade("BTCUSDT", "1", "1", "buy", "X", 1, 1, 0)


class Clock:
    """A clock that is set by hand."""

    now_ns = 100

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def publisher(
    zmq_context: Context, run_dir: Path, clock: Clock
) -> AsyncIterator[MarketPublisher]:
    made = MarketPublisher(zmq_context, endpoints.market(run_dir, "stream"), 7, clock, clock)
    yield made
    made.close()


def subscriber(context: Context, run_dir: Path, *topics: bytes) -> Subscriber:
    return Subscriber(context, [endpoints.market(run_dir, "stream")], topics)


async def take(socket: Subscriber, count: int) -> list[tuple[bytes, Header, Message | None]]:
    found: list[tuple[bytes, Header, Message | None]] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += socket.receive()
            await asyncio.sleep(0.005)
    return found


async def test_a_newcomer_gets_the_newest_book_dated_as_it_was(
    zmq_context: Context, run_dir: Path, publisher: MarketPublisher, clock: Clock
) -> None:
    publisher.send(book("BTCUSDT"))
    clock.now_ns = 200
    publisher.send(newest := book("BTCUSDT")._replace(update_id=9))
    publisher.send(book("ETHUSDT"))
    publisher.send(TRADE)
    clock.now_ns = 900

    [(name, header, message)] = await take(subscriber(zmq_context, run_dir, BTC), 1)

    assert (name, message) == (BTC, newest)
    assert header == Header(7, 3, 200)


async def test_each_newcomer_is_served_and_the_sequence_has_no_hole(
    zmq_context: Context, run_dir: Path, publisher: MarketPublisher
) -> None:
    publisher.send(book("BTCUSDT"))
    first = subscriber(zmq_context, run_dir, BTC)
    seen = await take(first, 1)

    second = subscriber(zmq_context, run_dir, b"book.")
    repeats = await take(second, 1)
    seen += await take(first, 1)
    publisher.send(book("BTCUSDT"))
    seen += await take(first, 1)

    assert [header.sequence for _, header, _ in repeats] == [3]
    assert [header.sequence for _, header, _ in seen] == [2, 3, 4]


async def test_a_newcomer_is_heard_in_a_stream_of_messages(
    zmq_context: Context, run_dir: Path, publisher: MarketPublisher, clock: Clock
) -> None:
    publisher.send(book("ETHUSDT"))
    quiet = subscriber(zmq_context, run_dir, ETH)
    found: list[bytes] = []
    async with asyncio.timeout(10):
        # the loop never rests: the descriptor alone would stay silent
        while not found:
            clock.now_ns += CHECK_NS // 10
            publisher.send(book("BTCUSDT"))
            found = [name for name, _, _ in quiet.receive()]
            await asyncio.sleep(0)
    assert found == [ETH]


async def test_nothing_is_known_of_a_symbol_without_a_book(
    zmq_context: Context, run_dir: Path, publisher: MarketPublisher
) -> None:
    newcomer = subscriber(zmq_context, run_dir, BTC, ETH)
    publisher.send(TRADE)
    publisher.send(book("ETHUSDT"))
    # the book comes as it is sent, and again if the newcomer was noticed right after it
    assert {name for name, _, _ in await take(newcomer, 1)} == {ETH}

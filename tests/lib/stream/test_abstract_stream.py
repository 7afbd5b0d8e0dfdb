import asyncio

from lib.bus.protocol import Book, Message
from lib.factory import SandboxFactory
from lib.stream import AbstractStream
from lib.stream.abstract_stream import Sink
from lib.timer import VirtualTimer

BOOK = Book("BTCUSDT", "2", "1", "1", "1", "X", 1, 1, 0)


class OneBook(AbstractStream):
    """The least that a user's own stream must have."""

    async def Run(self, sink: Sink) -> None:
        sink(BOOK)


async def test_run_is_all_that_a_stream_needs() -> None:
    stream = OneBook({}, SandboxFactory({}), VirtualTimer())
    messages: list[Message] = []

    await asyncio.wait_for(stream.Run(messages.append), 5)
    stream.resubscribe()
    stream.reconnect()

    assert messages == [BOOK]
    assert stream.is_connected()
    assert (stream.quiet(), stream.ages(), stream.links()) == ([], {}, {})
    assert (stream.counts(), stream.stats()) == ({}, {})

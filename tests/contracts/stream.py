"""What every market stream must do; run your own through it by a subclass with a `stream` fixture.

It has not run yet, its config has `symbols` and `channels` (with `book`), and its exchange is there
and sends several books a second.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lib.bus.protocol import Book, Message
from lib.stream import AbstractStream

SECONDS = 30.0


class Running:
    """A stream that runs, and what it brought."""

    def __init__(self, stream: AbstractStream) -> None:
        self.stream = stream
        self.messages: list[Message] = []
        self._news = asyncio.Event()
        self.task = asyncio.create_task(stream.Run(self._sink))

    async def more(self, count: int) -> list[Message]:
        """Return the next messages, at least that many."""
        start = len(self.messages)
        async with asyncio.timeout(SECONDS):
            while len(self.messages) < start + count:
                self._news.clear()
                await self._news.wait()
        return self.messages[start:]

    def _sink(self, message: Message) -> None:
        self.messages.append(message)
        self._news.set()


class StreamContract:
    """Tests of `AbstractStream`."""

    @pytest.fixture
    async def running(self, stream: AbstractStream) -> AsyncIterator[Running]:
        run = Running(stream)
        yield run
        run.task.cancel()
        await asyncio.gather(run.task, return_exceptions=True)

    async def test_it_brings_books_of_its_symbols_in_order(self, running: Running) -> None:
        books = [one for one in await running.more(30) if isinstance(one, Book)]

        assert {book.symbol for book in books} <= set(running.stream.config["symbols"])
        for symbol in {book.symbol for book in books}:
            times = [book.event_ns for book in books if book.symbol == symbol]
            assert times == sorted(times)

    async def test_it_runs_until_it_is_cancelled(self, running: Running) -> None:
        await running.more(5)
        assert not running.task.done()

        running.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running.task

        had = len(running.messages)
        await asyncio.sleep(0)
        assert len(running.messages) == had

    async def test_it_goes_on_after_each_rung_of_healing(self, running: Running) -> None:
        await running.more(5)
        running.stream.resubscribe()
        await running.more(5)
        running.stream.reconnect()
        await running.more(5)

        assert not running.task.done()

    async def test_it_tells_how_it_is(self, running: Running) -> None:
        await running.more(5)
        stream = running.stream

        assert isinstance(stream.is_connected(), bool)
        assert set(stream.quiet()) <= set(stream.config["symbols"])
        ages = [age for by_symbol in stream.ages().values() for age in by_symbol.values()]
        numbers = [*ages, *stream.links().values(), *stream.counts().values()]
        assert all(isinstance(number, int) and number >= 0 for number in numbers)

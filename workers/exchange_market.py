"""The market as the exchange worker sees it: the newest books, straight from the stream workers."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import zmq

from lib.bus import endpoints
from lib.bus.aio import Readable
from lib.bus.protocol import Book, topic
from lib.bus.sockets import Subscriber
from lib.bus.start import Start
from lib.constants import Channel
from lib.novelty import is_newer


class MarketWatch:
    """Hands the newest book of each symbol on.

    Args:
        context: ZeroMQ context of the process.
        start: Names the stream workers.
        symbols: Whose books.
        on_book: Told of the newest book of each symbol that has arrived, and when it was published.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        start: Start,
        symbols: Iterable[str],
        on_book: Callable[[Book, int], None],
    ) -> None:
        """Subscribe; must be made inside a running loop."""
        self._start = start
        self._on_book = on_book
        self._newest: dict[str, tuple[int, int]] = {}
        self._watched = set(symbols)
        self._subscriber = Subscriber(
            context,
            [endpoints.market(start.run_dir, name) for name in start.streams],
            [topic(Channel.BOOK, symbol) for symbol in self._watched],
        )
        self._readable = Readable(asyncio.get_running_loop(), self._subscriber, self._drain)

    def hear(self, roster: Iterable[Sequence[Any]]) -> None:
        """Listen to every stream worker that lives, also to one that came after us."""
        self._subscriber.hear(endpoints.markets(self._start.run_dir, self._start.streams, roster))

    def watch(self, symbols: Iterable[str]) -> None:
        """Take in the books of further symbols, too; those watched already are left alone."""
        new = set(symbols) - self._watched
        self._watched |= new
        self._subscriber.subscribe(topic(Channel.BOOK, symbol) for symbol in new)

    def close(self) -> None:
        """Close the socket."""
        self._readable.close()

    def _drain(self) -> None:
        books: dict[str, tuple[Book, int]] = {}
        for _, header, message in self._subscriber.receive():
            if isinstance(message, Book) and self._is_new(message):
                books[message.symbol] = message, header.published_ns
        for book, published_ns in books.values():
            self._on_book(book, published_ns)

    def _is_new(self, book: Book) -> bool:
        # Replicas bring every book again.
        seen = self._newest.get(book.symbol)
        if seen is not None and not is_newer(book.update_id, book.event_ns, seen):
            return False
        self._newest[book.symbol] = (book.update_id, book.event_ns)
        return True

"""An asyncio loop that serves plain ZeroMQ sockets misses nothing."""

import asyncio
from pathlib import Path

import pytest
import zmq

from lib.bus import endpoints
from lib.bus.aio import Readable
from lib.bus.protocol import Method, ReplyStatus, Request, encode_reply, topic
from lib.bus.request_sockets import Client, Server
from lib.bus.sockets import BATCH, Publisher, Subscriber
from tests.lib.bus.messages import book

Context = zmq.Context[zmq.Socket[bytes]]
REQUEST = Request(Method.BALANCE, 10**18, "q:BTCUSDT", 1, [])
BTC = topic("book", "BTCUSDT")


class Inbox:
    """Takes what a subscriber brings; `wait` returns once `count` have come."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self.count = 0
        self.batches = 0
        self._changed = asyncio.Event()

    def drain(self) -> None:
        self.count += len(list(self.subscriber.receive()))
        self.batches += 1
        self._changed.set()

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(5):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


async def join(publisher: Publisher, inbox: Inbox) -> None:
    """Return once the subscription has reached the publisher."""
    for _ in range(500):
        publisher.send(book())
        try:
            async with asyncio.timeout(0.01):
                await inbox.wait(inbox.count + 1)
        except TimeoutError:
            continue
        return
    pytest.fail("the subscription never arrived")


async def test_a_burst_larger_than_a_batch_is_drained(zmq_context: Context, run_dir: Path) -> None:
    address = endpoints.market(run_dir, "stream")
    publisher = Publisher(zmq_context, address, 1, lambda: 0)
    inbox = Inbox(Subscriber(zmq_context, [address], [BTC]))
    readable = Readable(asyncio.get_running_loop(), inbox.subscriber, inbox.drain)
    await join(publisher, inbox)
    before = inbox.count

    for _ in range(5 * BATCH):
        publisher.send(book())

    await inbox.wait(before + 5 * BATCH)
    readable.close()


async def test_what_waited_before_the_watch_is_drained(zmq_context: Context, run_dir: Path) -> None:
    address = endpoints.ipc(run_dir, endpoints.HEARTBEAT)
    subscriber = Subscriber(zmq_context, [address], [BTC])
    publisher = Publisher(zmq_context, address, 1, lambda: 0)
    while not subscriber.socket.poll(10):
        publisher.send(book())
    inbox = Inbox(subscriber)

    readable = Readable(asyncio.get_running_loop(), subscriber, inbox.drain)

    await inbox.wait(1)
    readable.close()


async def test_a_server_that_answers_while_it_drains_misses_no_request(
    zmq_context: Context, run_dir: Path
) -> None:
    address = endpoints.ipc(run_dir, endpoints.ORDERS)
    server = Server(zmq_context, address)
    client = Client(zmq_context, address)
    while not int(client.socket.events) & zmq.POLLOUT:
        client.socket.poll(10)
    replies: set[bytes] = set()
    done = asyncio.Event()

    def serve() -> None:
        for peer, request_id, _ in server.receive():
            server.reply(peer, request_id, encode_reply(ReplyStatus.OK))

    def note() -> None:
        replies.update(name for name, _ in client.receive())
        number = len(replies)
        if number == 300:
            done.set()
        elif number % 10 == 0:
            ask(number)

    def ask(first: int) -> None:
        for number in range(first, first + 10):
            assert client.send(b"%d" % number, REQUEST)
        listening.check()

    loop = asyncio.get_running_loop()
    serving = Readable(loop, server, serve)
    listening = Readable(loop, client, note)
    ask(0)

    async with asyncio.timeout(5):
        await done.wait()
    serving.close()
    listening.close()


async def test_a_reopened_socket_is_watched_again(zmq_context: Context, run_dir: Path) -> None:
    address = endpoints.market(run_dir, "stream")
    publisher = Publisher(zmq_context, address, 1, lambda: 0)
    inbox = Inbox(Subscriber(zmq_context, [address], [BTC]))
    readable = Readable(asyncio.get_running_loop(), inbox.subscriber, inbox.drain)
    await join(publisher, inbox)

    inbox.subscriber.reopen()
    readable.watch()

    await join(publisher, inbox)
    readable.close()


async def test_a_closed_watch_stays_silent(zmq_context: Context, run_dir: Path) -> None:
    address = endpoints.market(run_dir, "stream")
    publisher = Publisher(zmq_context, address, 1, lambda: 0)
    inbox = Inbox(Subscriber(zmq_context, [address], [BTC]))
    readable = Readable(asyncio.get_running_loop(), inbox.subscriber, inbox.drain)
    await join(publisher, inbox)
    readable.close()
    batches = inbox.batches

    publisher.send(book())
    inbox.subscriber.socket.poll(2_000)
    readable.check()

    assert inbox.batches == batches

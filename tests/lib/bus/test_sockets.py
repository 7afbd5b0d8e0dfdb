"""Real sockets over ipc: what arrives, what is dropped, and what must never be queued."""

from pathlib import Path

import pytest
import zmq

from lib.bus import endpoints
from lib.bus.protocol import (
    Book,
    Heartbeat,
    Message,
    decode,
    topic,
)
from lib.bus.request_sockets import Client, Server
from lib.bus.sequence import Order, Sequences
from lib.bus.sockets import HIGH_WATER, Publisher, Pusher, Subscriber
from tests.lib.bus.messages import book
from tests.lib.bus.waiting import DEADLINE_MS, TICK_MS, until, until_free

Context = zmq.Context[zmq.Socket[bytes]]
BTC = topic("book", "BTCUSDT")
BEAT = Heartbeat("stream", "ready", 0, 1, 0, {}, {}, {}, "")


@pytest.fixture
def market(run_dir: Path) -> str:
    return endpoints.market(run_dir, "stream")


@pytest.fixture
def orders(run_dir: Path) -> str:
    return endpoints.ipc(run_dir, endpoints.ORDERS)


def clock() -> int:
    return 42


def join(publisher: Publisher, subscriber: Subscriber) -> None:
    """Return once the subscription has reached the publisher (subscriptions travel, too)."""

    def has_arrived() -> bool:
        publisher.send(book("JOIN"))
        return bool(list(subscriber.receive()))

    subscriber.subscribe([topic("book", "JOIN")])
    until(has_arrived, subscriber.socket)
    subscriber.socket.unsubscribe(topic("book", "JOIN"))
    subscriber.socket.poll(TICK_MS)
    list(subscriber.receive())


def collect(subscriber: Subscriber, count: int) -> list[Message | None]:
    got: list[Message | None] = []

    def has_all() -> bool:
        got.extend(message for _, _, message in subscriber.receive())
        return len(got) >= count

    until(has_all, subscriber.socket)
    return got


def test_a_subscriber_gets_its_topics_only(zmq_context: Context, market: str) -> None:
    publisher = Publisher(zmq_context, market, 1, clock)
    subscriber = Subscriber(zmq_context, [market], [BTC])
    join(publisher, subscriber)

    for symbol in ("BTCUSDT_270326", "ETHUSDT", "BTCUSDT"):
        publisher.send(book(symbol))

    assert collect(subscriber, 1) == [book("BTCUSDT")]


def test_a_subscriber_may_come_before_its_publisher(zmq_context: Context, market: str) -> None:
    subscriber = Subscriber(zmq_context, [market], [BTC])

    publisher = Publisher(zmq_context, market, 1, clock)

    join(publisher, subscriber)
    publisher.send(book())
    assert collect(subscriber, 1) == [book()]


def test_headers_number_each_topic_from_one(zmq_context: Context, market: str) -> None:
    publisher = Publisher(zmq_context, market, 7, clock)
    subscriber = Subscriber(zmq_context, [market], [b"book.B", b"book.E"])
    join(publisher, subscriber)
    seen: list[tuple[bytes, int, int, int]] = []

    for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT"):
        publisher.send(book(symbol))

    def has_three() -> bool:
        seen.extend((name, *header) for name, header, _ in subscriber.receive())
        return len(seen) == 3

    until(has_three, subscriber.socket)
    assert seen == [(BTC, 7, 1, 42), (b"book.ETHUSDT.", 7, 1, 42), (BTC, 7, 2, 42)]


def test_a_repeated_sequence_shows_a_lost_last_message(zmq_context: Context, market: str) -> None:
    publisher = Publisher(zmq_context, market, 1, clock)
    publisher.send(book())
    subscriber = Subscriber(zmq_context, [market], [BTC])
    join(publisher, subscriber)
    sequences = Sequences()
    sequences.start_at(BTC, 1, 0)
    orders: list[Order] = []

    publisher.repeat_sequences()

    def has_come() -> bool:
        for name, header, message in subscriber.receive():
            assert message is None
            orders.append(sequences.see(name, header, quiet=True))
        return bool(orders)

    until(has_come, subscriber.socket)
    assert (orders, sequences.lost) == ([Order.GAP], 1)


def test_what_passes_the_high_water_mark_is_seen_as_a_gap(
    zmq_context: Context, market: str
) -> None:
    publisher = Publisher(zmq_context, market, 1, clock)
    subscriber = Subscriber(zmq_context, [market], [BTC])
    join(publisher, subscriber)
    sent = 3 * HIGH_WATER
    sequences = Sequences()
    sequences.start_at(BTC, 1, 0)
    received: list[int] = []

    for number in range(sent):
        publisher.send(book(update_id=number))

    def has_reached_the_newest() -> bool:
        publisher.repeat_sequences()
        for name, header, message in subscriber.receive():
            sequences.see(name, header, quiet=message is None)
            if isinstance(message, Book):
                received.append(message.update_id)
        return len(received) + sequences.lost >= sent

    until(has_reached_the_newest, subscriber.socket)
    assert sequences.gaps > 0
    assert len(received) + sequences.lost == sent
    assert received == sorted(received)


def test_bad_frames_are_counted_and_told_once_per_kind(zmq_context: Context, market: str) -> None:
    told: list[str] = []
    publisher = Publisher(zmq_context, market, 1, clock)
    subscriber = Subscriber(zmq_context, [market], [BTC], told.append)
    join(publisher, subscriber)

    for frames in ([BTC, b"\xc1"], [BTC, b"\xc1"], [BTC], [BTC, b"\x92\x01\x02"]):
        publisher.socket.send_multipart(frames)
    publisher.send(book())

    assert collect(subscriber, 1) == [book()]
    assert subscriber.bad_frames == 4
    assert len(told) == 3
    assert any("1 frames, not 2" in reason for reason in told)


def test_one_batch_is_bounded_so_that_others_get_their_turn(
    zmq_context: Context, market: str
) -> None:
    publisher = Publisher(zmq_context, market, 1, clock)
    subscriber = Subscriber(zmq_context, [market], [BTC])
    join(publisher, subscriber)
    for _ in range(10):
        publisher.send(book())
    subscriber.socket.poll(DEADLINE_MS)

    assert len(list(subscriber.receive(limit=3))) <= 3


def test_a_reopened_subscriber_keeps_its_topics(zmq_context: Context, market: str) -> None:
    publisher = Publisher(zmq_context, market, 1, clock)
    subscriber = Subscriber(zmq_context, [market], [])
    subscriber.subscribe([BTC])
    before = subscriber.socket

    subscriber.reopen()

    assert before.closed
    join(publisher, subscriber)
    publisher.send(book())
    assert collect(subscriber, 1) == [book()]


def test_a_subscriber_joins_the_next_life_of_its_publisher(
    zmq_context: Context, market: str
) -> None:
    publisher = Publisher(zmq_context, market, 1, clock)
    subscriber = Subscriber(zmq_context, [market], [BTC])
    join(publisher, subscriber)
    publisher.close()
    until_free(market)

    successor = Publisher(zmq_context, market, 2, clock)

    join(successor, subscriber)
    successor.send(book())
    assert collect(subscriber, 1) == [book()]


def test_beats_arrive_at_the_supervisor(zmq_context: Context, run_dir: Path) -> None:
    address = endpoints.ipc(run_dir, endpoints.HEARTBEAT)
    pull = zmq_context.socket(zmq.PULL)
    pull.bind(address)
    pusher = Pusher(zmq_context, address, 3, clock)

    assert pusher.send(BEAT)
    assert pusher.send(BEAT)

    frames = [pull.recv_multipart() for _ in range(2) if pull.poll(DEADLINE_MS)]
    decoded = [decode(name, payload) for name, payload in frames]
    assert [header.sequence for header, _ in decoded] == [1, 2]
    assert [message for _, message in decoded] == [BEAT, BEAT]
    pusher.close()


def test_beats_to_nobody_are_dropped_and_never_block(zmq_context: Context, run_dir: Path) -> None:
    pusher = Pusher(zmq_context, endpoints.ipc(run_dir, "nobody"), 1, clock)

    results = [pusher.send(BEAT) for _ in range(1_200)]

    assert results.count(False) >= 200


def test_every_socket_lets_go_at_once(zmq_context: Context, orders: str, market: str) -> None:
    owners = [
        Server(zmq_context, orders),
        Client(zmq_context, orders),
        Publisher(zmq_context, market, 1, clock),
        Subscriber(zmq_context, [market], []),
        Pusher(zmq_context, orders, 1, clock),
    ]

    assert {owner.socket.linger for owner in owners} == {0}
    assert all(0 < owner.socket.sndhwm <= HIGH_WATER for owner in owners)
    assert all(0 < owner.socket.rcvhwm <= HIGH_WATER for owner in owners)
    for owner in owners:
        owner.close()
        assert owner.socket.closed


def test_an_address_that_is_served_cannot_be_taken(
    zmq_context: Context, market: str, orders: str
) -> None:
    # ZeroMQ itself would let the second one have it, and say nothing
    first = Publisher(zmq_context, market, 1, clock)
    with pytest.raises(OSError, match="served by another process"):
        Publisher(zmq_context, market, 2, clock)
    with pytest.raises(OSError, match="served by another process"):
        Server(zmq_context, market)
    first.close()
    until_free(market)
    Publisher(zmq_context, market, 3, clock).close()


def test_a_subscriber_finds_a_further_publisher_and_keeps_the_first(
    zmq_context: Context, run_dir: Path
) -> None:
    addresses = [endpoints.market(run_dir, name) for name in ("stream", "stream-spare")]
    old, new = (Publisher(zmq_context, at, life, clock) for life, at in enumerate(addresses))
    subscriber = Subscriber(zmq_context, addresses[:1], [BTC])

    def lives_heard() -> set[int]:
        old.send(book("BTCUSDT"))
        new.send(book("BTCUSDT"))
        return {header.incarnation for _, header, _ in subscriber.receive()}

    until(lambda: lives_heard() == {0}, subscriber.socket)
    subscriber.hear(addresses)
    until(lambda: lives_heard() == {0, 1}, subscriber.socket)
    subscriber.hear(addresses[1:])
    until(lambda: lives_heard() == {1}, subscriber.socket)
    subscriber.reopen()
    until(lambda: lives_heard() == {1}, subscriber.socket)

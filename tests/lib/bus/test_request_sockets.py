"""Requests over real sockets: answered, never queued for nobody, never wedged."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from lib.bus import endpoints
from lib.bus.protocol import (
    Method,
    ReplyStatus,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from lib.bus.request_sockets import Client, Server
from tests.lib.bus.waiting import DEADLINE_MS, TICK_MS, until

Context = zmq.Context[zmq.Socket[bytes]]
REQUEST = Request(Method.BALANCE, 10**18, "q:BTCUSDT", 1, [])


@pytest.fixture
def orders(run_dir: Path) -> str:
    return endpoints.ipc(run_dir, endpoints.ORDERS)


def serve_one(server: Server) -> Request:
    """Answer the next request with ok and return it."""
    served: Iterator[tuple[tuple[bytes, ...], bytes, bytes]]
    for _ in range(DEADLINE_MS // TICK_MS):
        served = server.receive()
        for peer, request_id, payload in served:
            server.reply(peer, request_id, encode_reply(ReplyStatus.OK, 1, "two"))
            return decode_request(payload)
        server.socket.poll(TICK_MS)
    pytest.fail("no request came")


def connect(client: Client) -> None:
    """Return once the client may send (an unconnected DEALER refuses)."""
    until(lambda: int(client.socket.events) & zmq.POLLOUT, client.socket)


def test_a_dealer_asks_and_gets_its_answer(zmq_context: Context, orders: str) -> None:
    server = Server(zmq_context, orders)
    client = Client(zmq_context, orders)
    connect(client)

    assert client.send(b"id-1", REQUEST)
    assert serve_one(server) == REQUEST
    client.socket.poll(DEADLINE_MS)

    assert [(name, decode_reply(reply)) for name, reply in client.receive()] == [
        (b"id-1", (ReplyStatus.OK, [1, "two"]))
    ]


def test_a_plain_req_client_works_too(zmq_context: Context, orders: str) -> None:
    server = Server(zmq_context, orders)
    plain = zmq_context.socket(zmq.REQ)
    plain.connect(orders)

    plain.send_multipart([b"id-9", encode_request(REQUEST)])
    assert serve_one(server) == REQUEST

    assert plain.poll(DEADLINE_MS)
    request_id, reply = plain.recv_multipart()
    assert (request_id, decode_reply(reply)) == (b"id-9", (ReplyStatus.OK, [1, "two"]))


def test_a_lost_reply_does_not_wedge_the_client(zmq_context: Context, orders: str) -> None:
    server = Server(zmq_context, orders)
    client = Client(zmq_context, orders)
    connect(client)
    assert client.send(b"id-1", REQUEST)
    until(lambda: list(server.receive()), server.socket)

    assert client.send(b"id-2", REQUEST)
    assert serve_one(server) == REQUEST

    client.socket.poll(DEADLINE_MS)
    assert [name for name, _ in client.receive()] == [b"id-2"]


def test_nothing_is_queued_for_an_absent_server(zmq_context: Context, orders: str) -> None:
    client = Client(zmq_context, orders)

    assert not client.send(b"id-1", REQUEST)

    server = Server(zmq_context, orders)
    connect(client)
    assert client.send(b"id-2", REQUEST)
    server.socket.poll(DEADLINE_MS)
    assert [name for _, name, _ in server.receive()] == [b"id-2"]


def test_nothing_is_queued_for_a_server_that_died(zmq_context: Context, orders: str) -> None:
    server = Server(zmq_context, orders)
    client = Client(zmq_context, orders)
    connect(client)
    server.close()
    until(lambda: not int(client.socket.events) & zmq.POLLOUT, client.socket)

    assert not client.send(b"id-1", REQUEST)

    successor = Server(zmq_context, orders)
    connect(client)
    assert not successor.socket.poll(5 * TICK_MS)


def test_requests_of_a_wrong_shape_are_counted(zmq_context: Context, orders: str) -> None:
    server = Server(zmq_context, orders)
    client = Client(zmq_context, orders)
    connect(client)

    client.socket.send_multipart([b"lonely"])
    client.socket.send_multipart([b"1", b"2", b"3", b"4"])
    client.send(b"id-1", REQUEST)

    assert serve_one(server) == REQUEST
    assert server.bad_frames == 2


def test_a_reply_to_a_peer_that_left_is_dropped(zmq_context: Context, orders: str) -> None:
    server = Server(zmq_context, orders)
    client = Client(zmq_context, orders)
    connect(client)
    client.send(b"id-1", REQUEST)
    server.socket.poll(DEADLINE_MS)
    requests = list(server.receive())
    client.close()

    for peer, request_id, _ in itertools.chain(requests, requests):
        server.reply(peer, request_id, encode_reply(ReplyStatus.OK))

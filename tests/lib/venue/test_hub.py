"""Subscriptions and frames, without a socket."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.constants import NS_PER_MS
from lib.venue.hub import Connection, Hub, frame
from lib.venue.latency import Latency
from lib.venue.stream_names import Route


class ListWire:
    """Keeps what is written to it."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.stuck = 0

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def get_write_buffer_size(self) -> int:
        return self.stuck

    def messages(self) -> list[Any]:
        return [json.loads(text) for text in read_frames(b"".join(self.writes))]


def read_frames(data: bytes) -> list[bytes]:
    found = []
    while data:
        assert data[0] == 0x81
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        found.append(data[start : start + size])
        data = data[start + size :]
    return found


def connect(hub: Hub, *names: str, route: Route = Route.PUBLIC, combined: bool = False):
    wire = ListWire()
    connection: Connection = hub.connect(wire, route, combined=combined)
    for name in names:
        hub.subscribe(connection, name)
    return connection, wire


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]))
def test_frames_of_every_length_can_be_read(size: int) -> None:
    payload = b"x" * size
    assert read_frames(frame(payload) * 2) == [payload, payload]


def test_payload_reaches_its_subscribers_in_their_form_in_one_write() -> None:
    hub = Hub()
    _, raw = connect(hub, "btcusdt@bookTicker")
    _, wrapped = connect(hub, "btcusdt@bookTicker", combined=True)
    _, other = connect(hub, "ethusdt@bookTicker")
    for number in range(3):
        hub.publish("btcusdt@bookTicker", b'{"u":%d}' % number)
    assert raw.writes == []
    hub.flush()
    assert raw.messages() == [{"u": 0}, {"u": 1}, {"u": 2}]
    assert wrapped.messages()[0] == {"stream": "btcusdt@bookTicker", "data": {"u": 0}}
    assert other.messages() == []
    assert len(raw.writes) == 1
    assert hub.sent == 6


@pytest.mark.parametrize("route", [Route.PUBLIC, Route.PRIVATE, Route.LEGACY])
def test_stream_of_another_route_is_kept_and_silent(route: Route) -> None:
    hub = Hub()
    connection, wire = connect(hub, "btcusdt@aggTrade", route=route)
    hub.publish("btcusdt@aggTrade", b"{}")
    hub.flush()
    assert wire.writes == []
    assert list(connection.streams) == ["btcusdt@aggTrade"]


def test_unsubscribed_and_gone_connections_get_nothing() -> None:
    hub = Hub()
    first, wire = connect(hub, "btcusdt@bookTicker")
    second, gone = connect(hub, "btcusdt@bookTicker")
    hub.publish("btcusdt@bookTicker", b"{}")
    hub.unsubscribe(first, "btcusdt@bookTicker")
    hub.disconnect(second)
    hub.publish("btcusdt@bookTicker", b"{}")
    hub.flush()
    assert len(wire.messages()) == 1
    assert gone.messages() == []
    assert hub.subscribers == {}


def test_slow_consumer_is_named() -> None:
    hub = Hub()
    connection, wire = connect(hub, "btcusdt@bookTicker")
    wire.stuck = 1 << 30
    hub.publish("btcusdt@bookTicker", b"{}")
    assert hub.flush() == [connection]


def test_market_latency_delays_but_never_reorders() -> None:
    hub = Hub()
    hub.latency = Latency([0.001, 0.050], Random(3))
    _, wire = connect(hub, "btcusdt@bookTicker")
    for number in range(50):
        hub.now_ns = number * NS_PER_MS
        hub.publish("btcusdt@bookTicker", b'{"u":%d}' % number)
    hub.flush()
    assert wire.writes == []
    hub.release(20 * NS_PER_MS)
    hub.flush()
    assert len(wire.messages()) < 50
    while (due_ns := hub.next_release()) is not None:
        hub.release(due_ns)
    hub.flush()
    assert [body["u"] for body in wire.messages()] == list(range(50))

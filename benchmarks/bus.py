"""The bus beside raw pyzmq: one-way and round-trip latency, messages per second.

Two processes over ipc, the same shape of messages, ours and raw in turn within one run, so that
what else the machine does falls on both.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import msgpack
import zmq

from benchmarks.peers import STOP, TOPIC
from benchmarks.table import percentile, table
from lib.bus.protocol import Book, Method, Request, decode_reply
from lib.bus.request_sockets import Client
from lib.bus.sequence import Sequences
from lib.bus.sockets import Subscriber, make_socket

Context = zmq.Context[zmq.Socket[bytes]]
PACE_NS = 1_000_000
"""Between two messages where latency is measured: 1,000 a second."""
WAIT_MS = 5_000


def run(arguments: list[str]) -> int:
    """Measure and print; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks bus", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000, help="per burst (%(default)s)")
    parser.add_argument("--paced", type=int, default=2_000, help="for latency (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of each kind (%(default)s)")
    options = parser.parse_args(arguments)
    measures: dict[str, Callable[[str, argparse.Namespace], dict[str, float]]] = {
        "one-way": one_way,
        "round trip": round_trip,
    }
    rows = []
    for name, measure in measures.items():
        found: dict[str, dict[str, list[float]]] = {}
        for number in range(options.rounds):
            # Ours first, then raw first: a slow spell of the machine favours neither.
            for kind in ("ours", "raw") if number % 2 else ("raw", "ours"):
                figures = found.setdefault(kind, defaultdict(list))
                for key, value in measure(kind, options).items():
                    figures[key].append(value)
        for key, values in found["ours"].items():
            ours, raw = median(values), median(found["raw"][key])
            cost = raw / ours if key.endswith("/s") else ours / raw
            rows.append([f"{name} {key}", ours, raw, f"{cost:.2f}x"])
    print(table("bus: medians of rounds, ipc, two processes", ["", "ours", "raw", "cost"], rows))
    return 0


@contextmanager
def peer(role: str, kind: str) -> Iterator[tuple[Context, str]]:
    """Run the other end in a process of its own; yield a context and the address."""
    context: Context = zmq.Context()
    with tempfile.TemporaryDirectory(prefix="tv-") as folder:
        address = f"ipc://{folder}/bus"
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.peers", role, kind, address])
        try:
            yield context, address
            process.wait(WAIT_MS / 1000)
        finally:
            process.kill()
            process.wait()
            context.destroy(linger=0)


def one_way(kind: str, options: argparse.Namespace) -> dict[str, float]:
    """Return latency of paced messages (µs) and the rate of a burst, PUB to SUB."""
    with peer("publish", kind) as (context, address):
        go = context.socket(zmq.REQ)
        go.connect(address + ".go")
        receive = _raw_subscriber if kind == "raw" else _our_subscriber
        drain = receive(context, address)

        def order(count: int, interval_ns: int) -> None:
            go.send(msgpack.packb([count, interval_ns]))
            go.recv()

        order(10, PACE_NS)
        while not drain():
            order(10, PACE_NS)
        order(options.paced, PACE_NS)
        latencies = [late for late in _collect(drain, options.paced)[0] if late]
        order(options.messages, 0)
        _, seconds, count = _collect(drain, options.messages)
        go.send(STOP)
    return {
        "p50 us": percentile(latencies, 50) / 1e3,
        "p99 us": percentile(latencies, 99) / 1e3,
        "messages/s": count / seconds,
    }


Drain = Callable[[], list[int]]


def _collect(drain: Drain, count: int) -> tuple[list[int], float, int]:
    """Drain until `count` came or nothing comes; return latencies, seconds, number received."""
    latencies: list[int] = []
    first_ns = last_ns = 0
    while len(latencies) < count:
        got = drain()
        if not got:
            break
        last_ns = time.monotonic_ns()
        first_ns = first_ns or last_ns
        latencies += got
    return latencies, max(last_ns - first_ns, 1) / 1e9, len(latencies)


def _raw_subscriber(context: Context, address: str) -> Drain:
    socket = make_socket(context, zmq.SUB, 100_000)
    socket.subscribe(TOPIC)
    socket.connect(address)

    def drain() -> list[int]:
        got: list[int] = []
        if socket.poll(500):
            for _ in range(512):
                try:
                    _, payload = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                fields = msgpack.unpackb(payload)
                got.append(time.monotonic_ns() - fields[10])
        return got

    return drain


def _our_subscriber(context: Context, address: str) -> Drain:
    subscriber = Subscriber(context, [address], [TOPIC])
    sequences = Sequences()

    def drain() -> list[int]:
        got: list[int] = []
        if subscriber.socket.poll(500):
            for topic, header, message in subscriber.receive():
                sequences.see(topic, header)
                if isinstance(message, Book):
                    got.append(time.monotonic_ns() - message.event_ns)
        return got

    return drain


def round_trip(kind: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the latency of requests one after the other (µs) and their rate."""
    with peer("serve", kind) as (context, address):
        ask = (_raw_client if kind == "raw" else _our_client)(context, address)
        for number in range(50):
            ask(number)
        latencies = []
        started_ns = time.monotonic_ns()
        for number in range(options.paced):
            sent_ns = time.monotonic_ns()
            ask(number)
            latencies.append(time.monotonic_ns() - sent_ns)
        seconds = (time.monotonic_ns() - started_ns) / 1e9
        ask(-1)
    return {
        "p50 us": percentile(latencies, 50) / 1e3,
        "p99 us": percentile(latencies, 99) / 1e3,
        "requests/s": options.paced / seconds,
    }


Ask = Callable[[int], None]


def _raw_client(context: Context, address: str) -> Ask:
    socket = make_socket(context, zmq.DEALER)
    socket.connect(address)
    pack = msgpack.Packer().pack

    def ask(number: int) -> None:
        if number < 0:
            socket.send_multipart((STOP, b""))
            return
        payload = pack([1, "post", 2**62, "quoter:BTCUSDT", 2**33, number])
        socket.send_multipart((b"%d" % number, payload), zmq.NOBLOCK)
        socket.poll(WAIT_MS)
        _, reply = socket.recv_multipart(zmq.NOBLOCK)
        msgpack.unpackb(reply)

    return ask


def _our_client(context: Context, address: str) -> Ask:
    client = Client(context, address)

    def ask(number: int) -> None:
        request = Request(Method.POST, 2**62, "quoter:BTCUSDT", 2**33, [number])
        while not client.send(STOP if number < 0 else b"%d" % number, request):
            client.socket.poll(1)
        if number < 0:
            return
        client.socket.poll(WAIT_MS)
        for _, reply in client.receive():
            decode_reply(reply)

    return ask

"""The other ends of the bus benchmark: each runs in a process of its own, ours or raw pyzmq.

The raw ones do the least that the same shape of messages allows: MessagePack arrays of the same
size over the same kinds of sockets, without numbering, classes or checks.
"""

import sys
import time

import msgpack
import zmq

from lib.bus.protocol import Book, encode_reply
from lib.bus.request_sockets import Server
from lib.bus.sockets import Publisher, make_socket

BOOK = Book("BTCUSDT", "60000.1", "1.523", "60000.0", "2.104", "BINANCE.FUTURES", 0, 0, 250_000)
STOP = b"stop"
TOPIC = b"book.BTCUSDT."


def publish(context: "zmq.Context[zmq.Socket[bytes]]", address: str, raw: bool) -> None:
    """Publish paced or in bursts, as the commands `[count, interval_ns]` on `<address>.go` say.

    `event_ns` of each book is the clock when it was sent.
    """
    go = context.socket(zmq.REP)
    go.bind(address + ".go")
    pack = msgpack.Packer().pack
    if raw:
        socket = make_socket(context, zmq.PUB, 100_000)
        socket.bind(address)

        def send(sent_ns: int, number: int) -> None:
            fields = list(BOOK)
            fields[6], fields[7] = sent_ns, number
            socket.send_multipart((TOPIC, pack([1, 1, number, sent_ns, *fields])), zmq.NOBLOCK)
    else:
        publisher = Publisher(context, address, 1, time.time_ns)
        publisher.socket.sndhwm = 100_000

        def send(sent_ns: int, number: int) -> None:
            publisher.send(Book(*BOOK[:6], sent_ns, number, 250_000))

    while (command := go.recv()) != STOP:
        count, interval_ns = msgpack.unpackb(command)
        go.send(b"")
        due_ns = time.monotonic_ns()
        for number in range(count):
            if interval_ns:
                due_ns += interval_ns
                while (wait_ns := due_ns - time.monotonic_ns()) > 0:
                    time.sleep(wait_ns / 1e9)
            send(time.monotonic_ns(), number)


def serve(context: "zmq.Context[zmq.Socket[bytes]]", address: str, raw: bool) -> None:
    """Answer every request at once until one says stop."""
    if raw:
        socket = make_socket(context, zmq.ROUTER)
        socket.bind(address)
        pack = msgpack.Packer().pack
        while socket.poll():
            identity, request_id, payload = socket.recv_multipart(zmq.NOBLOCK)
            if request_id == STOP:
                return
            msgpack.unpackb(payload)
            socket.send_multipart((identity, request_id, pack(["ok", 1])), zmq.NOBLOCK)
    server = Server(context, address)
    while server.socket.poll():
        for peer, request_id, payload in server.receive():
            if request_id == STOP:
                return
            msgpack.unpackb(payload)
            server.reply(peer, request_id, encode_reply("ok", 1))


def main(role: str, kind: str, address: str) -> int:
    """Play one role (`publish` or `serve`), `raw` or `ours`, at an address."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    {"publish": publish, "serve": serve}[role](context, address, kind == "raw")
    context.destroy(linger=0)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

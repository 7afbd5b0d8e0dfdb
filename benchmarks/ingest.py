"""What the stream worker takes from a websocket to the bus, beside bare client libraries.

The source sends prepared book tickers, either as fast as they are taken (capacity) or at a pace
(cost per message where each wakes the loop). Every client runs in a process of its own, in turn
within one run, so that what else the machine does falls on all.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import zmq

from benchmarks.table import table
from lib.bus.sockets import Subscriber

BARE = ("python-binance", "picows")
OURS = "tickvisor"
WAIT_SECONDS = 120


def run(arguments: list[str]) -> int:
    """Measure and print; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ingest", description=__doc__)
    parser.add_argument("--messages", type=int, default=60_000, help="per flood (%(default)s)")
    parser.add_argument("--paced", type=int, default=6_000, help="per paced run (%(default)s)")
    parser.add_argument("--rate", type=float, default=2_000, help="paced, per s (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each client (%(default)s)")
    options = parser.parse_args(arguments)
    clients = [OURS, *BARE]
    if importlib.util.find_spec("picows") is None:
        clients.remove("picows")
        print("picows is not installed (pip install picows): left out")
    for title, count, rate in (
        ("as fast as taken", options.messages, 0.0),
        (f"paced at {options.rate:,.0f}/s", options.paced, options.rate),
    ):
        rows = _measure(clients, count, rate, options.rounds)
        header = ["", "messages/s", "cpu us/message", "on the bus"]
        print(table(f"ingest, {title}: medians of {options.rounds} rounds", header, rows))
        print()
    return 0


def _measure(clients: list[str], count: int, rate: float, rounds: int) -> list[list[object]]:
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in clients}
    for number in range(rounds):
        # a slow spell of the machine favours nobody
        for name in clients if number % 2 else reversed(clients):
            for key, value in _run_client(name, count, rate).items():
                found[name][key].append(value)
    return [
        [
            name,
            median(figures["rate"]),
            median(figures["cost"]),
            f"{median(figures['received']):,.0f} of {count:,}" if name == OURS else "-",
        ]
        for name, figures in found.items()
    ]


@contextmanager
def _firehose(count: int, rate: float) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.firehose", str(count), str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            yield f"ws://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def _run_client(name: str, count: int, rate: float) -> dict[str, float]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with tempfile.TemporaryDirectory(prefix="tv-") as folder, _firehose(count, rate) as ws_url:
        address = f"ipc://{folder}/market"
        subscriber = Subscriber(context, [address], [b"book."])
        command = [sys.executable, "-m", "benchmarks.ingest_clients", name, ws_url]
        process = subprocess.Popen(
            [*command, str(count), address], stdout=subprocess.PIPE, text=True
        )
        received = 0
        while process.poll() is None:
            if subscriber.socket.poll(100):
                received += sum(1 for _ in subscriber.receive())
        while subscriber.socket.poll(100):
            received += sum(1 for _ in subscriber.receive())
        output, _ = process.communicate(timeout=WAIT_SECONDS)
    context.destroy(linger=0)
    told = json.loads(output.strip().splitlines()[-1])
    return {
        "rate": told["messages"] / told["seconds"],
        "cost": told["cpu"] / told["messages"] * 1e6,
        "received": float(received),
    }

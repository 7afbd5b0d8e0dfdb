"""What the stream worker takes from a websocket to the bus, beside bare client libraries.

Three sources: the venue, with a market livelier than any client of it can wish for; and, since the
venue makes what it sends and is the slower end, prepared book tickers as fast as they are taken
(capacity) or at a pace (cost per message where each wakes the loop). Every client runs in a process
of its own, in turn within one run, so that what else the machine does falls on all.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median
from typing import NamedTuple

import psutil
import zmq

from benchmarks.table import table
from benchmarks.venue import Other
from lib.bus.sockets import Subscriber
from lib.venue.symbols import catalogue

BARE = ("python-binance", "picows")
OURS = "tickvisor"
WAIT_SECONDS = 120
ONE = ("BTCUSDT",)
HEADER = ["", "messages/s", "cpu us/message", "on the bus", "source's cpu"]


class Running(NamedTuple):
    """A source: its address, and how many seconds of processor time it has used."""

    ws_url: str
    cpu: Callable[[], float]


class Source(NamedTuple):
    """What is measured: a title, where messages come from, how many, of which symbols."""

    title: str
    open: Callable[[], AbstractContextManager[Running]]
    messages: int
    symbols: tuple[str, ...]


def run(arguments: list[str]) -> int:
    """Measure and print; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ingest", description=__doc__)
    parser.add_argument("--venue", type=int, default=20_000, help="from the venue (%(default)s)")
    parser.add_argument("--symbols", type=int, default=20, help="of the venue (%(default)s)")
    parser.add_argument("--lively", type=float, default=1_000, help="its rate (%(default)s)")
    parser.add_argument("--messages", type=int, default=60_000, help="per flood (%(default)s)")
    parser.add_argument("--paced", type=int, default=6_000, help="per paced run (%(default)s)")
    parser.add_argument("--rate", type=float, default=2_000, help="paced, per s (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each client (%(default)s)")
    options = parser.parse_args(arguments)
    clients = [OURS, *BARE]
    if importlib.util.find_spec("picows") is None:
        clients.remove("picows")
        print("picows is not installed (pip install picows): left out")
    for source in _sources(options):
        title = f"ingest, {source.title}: medians of {options.rounds} rounds"
        print(table(title, HEADER, _measure(clients, source, options.rounds)))
        print()
    return 0


def _sources(options: argparse.Namespace) -> list[Source]:
    named = tuple(list(catalogue())[: options.symbols])
    count, paced, rate = options.messages, options.paced, options.rate
    return [
        Source(
            f"from the venue, {len(named)} symbols",
            lambda: _venue(named, options.lively),
            options.venue,
            named,
        ),
        Source("prepared, as fast as taken", lambda: _firehose(count, 0.0), count, ONE),
        Source(f"prepared, at {rate:,.0f}/s", lambda: _firehose(paced, rate), paced, ONE),
    ]


def _measure(clients: list[str], source: Source, rounds: int) -> list[list[object]]:
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in clients}
    for number in range(rounds):
        # a slow spell of the machine favours nobody
        for name in clients if number % 2 else reversed(clients):
            for key, value in _run_client(name, source).items():
                found[name][key].append(value)
    return [
        [
            name,
            median(figures["rate"]),
            median(figures["cost"]),
            f"{median(figures['received']):,.0f} of {source.messages:,}" if name == OURS else "-",
            f"{median(figures['source']):.0f} %",
        ]
        for name, figures in found.items()
    ]


@contextmanager
def _firehose(count: int, rate: float) -> Iterator[Running]:
    command = [sys.executable, "-m", "benchmarks.firehose", str(count), str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            url = f"ws://127.0.0.1:{process.stdout.readline().strip()}"
            yield Running(url, _cpu_of(process.pid))
        finally:
            process.kill()


@contextmanager
def _venue(symbols: tuple[str, ...], rate: float) -> Iterator[Running]:
    other = Other("--active", ",".join(symbols), "--rate", str(rate))
    try:
        yield Running(other.addresses["ws_url"], other.cpu)
    finally:
        other.end()


def _cpu_of(pid: int) -> Callable[[], float]:
    usage = psutil.Process(pid)

    def cpu() -> float:
        times = usage.cpu_times()
        return float(times.user + times.system)

    return cpu


def _run_client(name: str, source: Source) -> dict[str, float]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with tempfile.TemporaryDirectory(prefix="tv-") as folder, source.open() as running:
        address = f"ipc://{folder}/market"
        subscriber = Subscriber(context, [address], [b"book."])
        wanted = [running.ws_url, str(source.messages), ",".join(source.symbols), address]
        command = [sys.executable, "-m", "benchmarks.ingest_clients", name, *wanted]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        busy, began = running.cpu(), time.monotonic()
        received = 0
        while process.poll() is None:
            if subscriber.socket.poll(100):
                received += sum(1 for _ in subscriber.receive())
        share = (running.cpu() - busy) / (time.monotonic() - began)
        while subscriber.socket.poll(100):
            received += sum(1 for _ in subscriber.receive())
        output, _ = process.communicate(timeout=WAIT_SECONDS)
    context.destroy(linger=0)
    told = json.loads(output.strip().splitlines()[-1])
    return {
        "rate": told["messages"] / told["seconds"],
        "cost": told["cpu"] / told["messages"] * 1e6,
        "received": float(received),
        "source": 100 * share,
    }

"""Records on their way to a database: throughput and what the caller feels, beside influxdb-client.

The server is a loopback HTTP server that answers every write with 204 at once, so that both sides
are measured by what they do themselves. With `--down` nobody listens.
"""

import logging
import multiprocessing
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import WriteOptions

from benchmarks.table import percentile, table
from lib.async_ejector import FieldsAsyncEjector, flush, stats
from lib.database import InfluxDb
from lib.factory import SandboxFactory
from lib.timer import LiveTimer

PACED = 10_000
PER_SECOND = 1_000
BURST = 100_000
PRICE, QTY = Decimal("61234.5"), Decimal("0.010")
HAND_OVER_ROOM = 15_000
"""A burst waits here, as a producer would that must not lose anything."""
HEADER = (
    "writer",
    "load",
    "records",
    "records/s",
    "call p50 us",
    "p99 us",
    "p99.9 us",
    "max us",
    "close s",
)


class Sink:
    """A server in a process of its own that counts the records of the writes it answers."""

    def __init__(self) -> None:
        """Start it on a free port."""
        self._counted = multiprocessing.Value("q", 0)
        port = multiprocessing.Value("i", 0)
        self._process = multiprocessing.Process(target=_serve, args=(self._counted, port))
        self._process.start()
        while not port.value:
            threading.Event().wait(0.01)
        self.url = f"http://127.0.0.1:{port.value}"

    @property
    def records(self) -> int:
        """Return how many records have come."""
        return int(self._counted.value)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()


def _serve(counted: Any, port: Any) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with counted.get_lock():
                counted.value += body.count(b"\n") + 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port.value = server.server_port
    server.serve_forever()


def run(arguments: list[str]) -> int:
    """Print the table; `--down` measures with a server that is not there."""
    warnings.simplefilter("ignore")
    logging.disable()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        for name, writer in (("ejector", _Ejector), ("influxdb-client", _Client)):
            for load, count, pace in (("paced", PACED, PER_SECOND), ("burst", BURST, 0)):
                if "--down" in arguments and load == "burst":
                    continue
                rows.append((name, load, *_measure(writer, count, pace, "--down" in arguments)))
    title = f"records to a database, one caller; paced: {PER_SECOND}/s, burst: without a pause"
    print(table(title + (", server down" if "--down" in arguments else ""), HEADER, rows))
    return 0


class _Ejector:
    """Tickvisor's background writer."""

    def __init__(self, url: str) -> None:
        timer = LiveTimer()
        section = {"url": url, "org": "o", "bucket": "b", "token": "t"}
        database = InfluxDb({"project": "bench", "influx": section}, SandboxFactory({}), timer)

        def send(number: int) -> None:
            FieldsAsyncEjector(
                database, timer, symbol="BTCUSDT", price=PRICE, qty=QTY, number=number
            ).start()

        self.send = send
        self.waiting = lambda: stats()[database.target]["in_memory"] > HAND_OVER_ROOM

    def close(self) -> None:
        flush(5.0)


class _Client:
    """influxdb-client's own batching writer, with the same batch and interval."""

    def __init__(self, url: str) -> None:
        options = WriteOptions(
            batch_size=1_000, flush_interval=250, max_retries=1, retry_interval=200
        )
        self._client = InfluxDBClient(url, token="t", org="o")  # noqa: S106 - none at all
        self._writer = self._client.write_api(write_options=options)

        def send(number: int) -> None:
            point = Point("bench").tag("symbol", "BTCUSDT").time(time.time_ns())
            point.field("price", PRICE).field("qty", QTY).field("number", number)
            self._writer.write(bucket="b", record=point)

        self.send = send
        self.waiting: Callable[[], bool] = lambda: False

    def close(self) -> None:
        self._writer.close()
        self._client.close()


def _measure(writer: Any, count: int, pace: int, is_down: bool) -> tuple[Any, ...]:
    sink = Sink()
    made = writer("http://127.0.0.1:9" if is_down else sink.url)
    made.send(0)
    pause = threading.Event()
    pause.wait(1.0)
    taken = []
    begin = time.perf_counter()
    for number in range(1, count):
        if pace:
            pause.wait(max(0.0, begin + number / pace - time.perf_counter()))
        while made.waiting():
            pause.wait(0.005)
        called = time.perf_counter_ns()
        made.send(number)
        taken.append((time.perf_counter_ns() - called) / 1e3)
    while not is_down and sink.records < count and time.perf_counter() < begin + 120:
        pause.wait(0.005)
    seconds = time.perf_counter() - begin
    begin_close = time.perf_counter()
    made.close()
    closing = time.perf_counter() - begin_close
    sink.close()
    figures = [percentile(taken, percent) for percent in (50, 99, 99.9, 100)]
    return (count, round(count / seconds), *figures, closing)

"""The clients of the ingest benchmark, each run in a process of its own."""

import asyncio
import json
import resource
import sys
import time
import warnings
from typing import Any

import zmq

from lib.bus.protocol import Message
from lib.bus.sockets import Publisher
from lib.factory import CustomFactory
from lib.logger import AbstractLogger
from lib.timer import LiveTimer

NO_REST = "http://127.0.0.1:1"
LINGER_SECONDS = 0.5
"""For the bus to deliver what was published."""


class SilentLogger(AbstractLogger):
    """Says nothing: stdout belongs to the figures."""

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Drop the event."""
        return


class Meter:
    """CPU and wall time from the first message to the last."""

    def __init__(self) -> None:
        """Start when the first message is there."""
        self._cpu, self._wall = _cpu(), time.monotonic()

    def print(self, messages: int, **more: Any) -> None:
        """Print what the driver reads."""
        seconds, cpu = time.monotonic() - self._wall, _cpu() - self._cpu
        told = {"messages": messages, "seconds": seconds, "cpu": cpu, **more}
        print(json.dumps(told), flush=True)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def streams(symbols: list[str]) -> list[str]:
    """Return the names of the symbols' book tickers."""
    return [f"{symbol.lower()}@bookTicker" for symbol in symbols]


async def run_tickvisor(ws_url: str, count: int, symbols: list[str], address: str) -> None:
    """The stream worker's whole way: websocket, parser, repeats, ages, bus."""
    from lib.stream.binance.market_stream import BinanceMarketStream  # noqa: PLC0415

    timer = LiveTimer()
    publisher = Publisher(zmq.Context(), address, 1, timer.Timestamp)
    config = {"rest_url": NO_REST, "ws_url": ws_url, "symbols": symbols, "channels": ["book"]}
    stream = BinanceMarketStream(config, CustomFactory({}, logger=SilentLogger), timer)
    done = asyncio.get_running_loop().create_future()
    seen = 0
    meter: Meter | None = None

    def sink(message: Message) -> None:
        nonlocal seen, meter
        if seen == count:
            return
        meter = meter or Meter()
        publisher.send(message)
        seen += 1
        if seen == count:
            assert meter is not None  # noqa: S101 - set by the first message
            meter.print(count - 1)
            done.set_result(None)

    task = asyncio.create_task(stream.Run(sink))
    await done
    await asyncio.sleep(LINGER_SECONDS)
    task.cancel()


async def run_binance(ws_url: str, count: int, symbols: list[str], _address: str) -> None:
    """Bare python-binance: its socket, its queue, its JSON."""
    from binance import AsyncClient, BinanceSocketManager  # noqa: PLC0415

    client = AsyncClient()
    manager = BinanceSocketManager(client, max_queue_size=10 * count)
    manager.FSTREAM_URL = f"{ws_url}/"
    async with manager.futures_multiplex_socket(streams(symbols), category="public") as socket:
        await socket.recv()
        meter = Meter()
        for _ in range(count - 1):
            await socket.recv()
        meter.print(count - 1)
    await client.close_connection()


async def run_picows(ws_url: str, count: int, symbols: list[str], _address: str) -> None:
    """Bare picows: frames counted, nothing parsed."""
    import picows  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    done = asyncio.get_running_loop().create_future()
    seen = 0
    meter: Meter | None = None

    class Listener(picows.WSListener):  # type: ignore[misc,name-defined,unused-ignore]
        """Counts."""

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            """Take one frame."""
            nonlocal seen, meter
            if frame.msg_type != picows.WSMsgType.TEXT:
                return
            frame.get_payload_as_bytes()
            meter = meter or Meter()
            seen += 1
            if seen == count:
                meter.print(count - 1)
                done.set_result(None)
                transport.disconnect()

    names = "/".join(streams(symbols))
    await picows.ws_connect(Listener, f"{ws_url}/public/stream?streams={names}")
    await done


CLIENTS = {"tickvisor": run_tickvisor, "python-binance": run_binance, "picows": run_picows}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, url, number, wanted, where = sys.argv[1:]
    asyncio.run(CLIENTS[name](url, int(number), wanted.split(","), where))

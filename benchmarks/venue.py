"""The venue: orders and market messages per second that it sustains.

`pure` is the venue without sockets: signature, limits, engine, events. `REST` and `websocket` are
another process on this machine. Market rates show what a subscriber of all usual channels got,
and the share of one core that the venue took for it.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
import psutil
from yarl import URL

from benchmarks.table import percentile, table
from lib.timer import LiveTimer
from lib.venue.configuration import read_settings
from lib.venue.requests import Request
from lib.venue.symbols import catalogue
from lib.venue.venue import Venue

SYMBOL = "BTCUSDT"
NO_LIMITS = {"orders_10s": 10**9, "orders_1m": 10**9, "weight_limit": 10**9}
CHANNELS = {
    "public": ("bookTicker", "depth5"),
    "market": ("aggTrade", "kline_1m", "markPrice@1s"),
}
WARM_SECONDS = 2.0


def order(number: int) -> dict[str, str]:
    """Return a resting order."""
    return {
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.010",
        "price": "75000",
        "newClientOrderId": f"bench-{number}",
    }


def signed(secret: str, params: dict[str, str]) -> str:
    """Return a signed query."""
    text = urlencode({**params, "timestamp": str(time.time_ns() // 1_000_000)})
    return (
        f"{text}&signature={hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}"
    )


def calls(number: int) -> list[tuple[str, dict[str, str]]]:
    """Return one order's life: placed, cancelled."""
    which = {"symbol": SYMBOL, "origClientOrderId": f"bench-{number}"}
    return [("POST", order(number)), ("DELETE", which)]


def measure_pure(count: int) -> list[Any]:
    """Place and cancel without sockets."""
    venue = Venue(read_settings({"active": [SYMBOL], **NO_LIMITS}))
    timer = LiveTimer()
    venue.start(timer.Timestamp())
    account = venue.account
    times = []
    for number in range(count):
        for method, params in calls(number):
            began = time.perf_counter()
            query = signed(account.secret, params)
            request = Request(method, "/fapi/v1/order", query, "", account.key)
            answer = venue.door.answer(request, timer.Timestamp())
            times.append(time.perf_counter() - began)
            if answer.status != 200:
                raise SystemExit(f"refused: {answer.body}")
    return row("pure", times, sum(times))


def row(name: str, times: list[float], seconds: float) -> list[Any]:
    """Return a table's row of request times."""
    micro = [each * 1e6 for each in times]
    return [name, len(times) / seconds, percentile(micro, 50), percentile(micro, 99)]


class Other:
    """A venue in a process of its own."""

    def __init__(self, *arguments: str, **options: Any) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "workers.venue", *arguments]
        self.process = subprocess.Popen(
            [*command, "--options", json.dumps({**NO_LIMITS, **options})],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        self.addresses: dict[str, str] = json.loads(self.process.stdout.readline())
        self._usage = psutil.Process(self.process.pid)

    def cpu(self) -> float:
        """Return the seconds of processor time that it has used."""
        times = self._usage.cpu_times()
        return float(times.user + times.system)

    def end(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait()


async def measure_rest(other: Other, count: int, lanes: int) -> list[Any]:
    """Place and cancel over `lanes` HTTP connections at once."""
    found, times = other.addresses, []
    headers = {"X-MBX-APIKEY": found["key"]}

    async with aiohttp.ClientSession() as session:

        async def lane(first: int) -> None:
            for number in range(first, count, lanes):
                for method, params in calls(number):
                    began = time.perf_counter()
                    query = signed(found["secret"], params)
                    url = URL(f"{found['rest_url']}/fapi/v1/order?{query}", encoded=True)
                    async with session.request(method, url, headers=headers) as answer:
                        await answer.read()
                    times.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(lane(first) for first in range(lanes)))
        return row(f"REST, {lanes} at once", times, time.perf_counter() - began)


async def measure_socket(other: Other, count: int) -> list[Any]:
    """Place and cancel over one websocket."""
    found, times = other.addresses, []
    methods = {"POST": "order.place", "DELETE": "order.cancel"}
    async with aiohttp.ClientSession() as session, session.ws_connect(found["ws_api_url"]) as ws:
        began_all = time.perf_counter()
        for number in range(count):
            for method, params in calls(number):
                began = time.perf_counter()
                stamp = str(time.time_ns() // 1_000_000)
                named = {**params, "apiKey": found["key"], "timestamp": stamp}
                text = "&".join(f"{name}={named[name]}" for name in sorted(named))
                digest = hmac.new(found["secret"].encode(), text.encode(), hashlib.sha256)
                named["signature"] = digest.hexdigest()
                await ws.send_json({"id": number, "method": methods[method], "params": named})
                await ws.receive()
                times.append(time.perf_counter() - began)
        return row("websocket", times, time.perf_counter() - began_all)


async def measure_market(symbols: int, rate: float, seconds: float) -> list[Any]:
    """Subscribe to all usual channels of many symbols; count what comes."""
    names = list(catalogue())[:symbols]
    other = Other("--active", ",".join(names), "--rate", str(rate))
    got = [0]
    try:
        async with aiohttp.ClientSession() as session:

            async def listen(route: str) -> None:
                streams = [f"{name.lower()}@{each}" for name in names for each in CHANNELS[route]]
                url = f"{other.addresses['ws_url']}/{route}/stream"
                async with session.ws_connect(url, max_msg_size=0) as ws:
                    await ws.send_json({"method": "SUBSCRIBE", "params": streams, "id": 1})
                    async for _ in ws:
                        got[0] += 1

            tasks = [asyncio.create_task(listen(route)) for route in CHANNELS]
            await asyncio.sleep(WARM_SECONDS)
            cpu, count, began = other.cpu(), got[0], time.perf_counter()
            await asyncio.sleep(seconds)
            took = time.perf_counter() - began
            share = (other.cpu() - cpu) / took
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            wanted = f"{symbols} x {rate:g}/s"
            per_core = (got[0] - count) / took / share
            return [wanted, (got[0] - count) / took, 100 * share, per_core]
    finally:
        other.end()


async def measure(count: int, seconds: float) -> None:
    """Run everything and print the tables."""
    other = Other("--active", SYMBOL)
    rows = [measure_pure(count)]
    steps: list[Callable[[], Awaitable[list[Any]]]] = [
        lambda: measure_rest(other, count, 1),
        lambda: measure_rest(other, count, 8),
        lambda: measure_socket(other, count),
    ]
    try:
        rows += [await step() for step in steps]
    finally:
        other.end()
    header = ["place and cancel", "requests/s", "p50 µs", "p99 µs"]
    print(table("orders", header, rows))
    loads = ((1, 20.0), (50, 20.0), (50, 60.0), (200, 20.0))
    markets = [await measure_market(symbols, rate, seconds) for symbols, rate in loads]
    print()
    print(table("market", ["symbols", "messages/s", "% of a core", "per core"], markets))


def run(arguments: list[str]) -> int:
    """Run the benchmark; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks venue", description=__doc__)
    parser.add_argument("--orders", type=int, default=1000, help="orders per row")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each market row")
    found = parser.parse_args(arguments)
    asyncio.run(measure(found.orders, found.seconds))
    return 0

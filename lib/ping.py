"""How far the exchange is away, and how far its clock is off.

Exchange times have millisecond resolution, rounded down, in `/time` as in every event. No half
millisecond is added here: the two errors cancel in a latency, event time minus server time.
"""

import http.client
import json
import statistics
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from lib.constants import NS_PER_MS
from lib.errors import ExchangeUnavailable
from lib.timer import AbstractTimer, LiveTimer

ROUNDS = 5
TIMEOUT_SECONDS = 5.0
OUTLIER_FACTOR = 2
"""A round trip longer than this many times the shortest one was held up on one of its ways."""
OUTLIER_SLACK_NS = NS_PER_MS
"""On loopback, where a round trip takes a fraction of a millisecond, scheduling is all it shows."""

BINANCE_FUTURES = "https://fapi.binance.com"
TIME_PATH = "/fapi/v1/time"

Sample = tuple[int, int, int]
"""(sent_ns, received_ns, server_ms) of one round trip, the first two by the local clock."""


class Offset(NamedTuple):
    """The exchange's clock as seen from here.

    `offset_ns` = exchange minus local clock: add it to a local time to get the exchange's.
    """

    offset_ns: int
    rtt_ns: int
    """Median round trip of the samples that counted."""


def estimate_offset(samples: list[Sample]) -> Offset:
    """Return the median offset of the samples whose round trips were not held up.

    Raises:
        ValueError: There is no sample.
    """
    if not samples:
        raise ValueError("no sample to estimate a clock offset from")
    shortest_ns = min(received_ns - sent_ns for sent_ns, received_ns, _ in samples)
    limit_ns = max(shortest_ns * OUTLIER_FACTOR, shortest_ns + OUTLIER_SLACK_NS)
    kept = [sample for sample in samples if sample[1] - sample[0] <= limit_ns]
    return Offset(
        round(statistics.median(_offset_ns(sample) for sample in kept)),
        round(statistics.median(received_ns - sent_ns for sent_ns, received_ns, _ in kept)),
    )


def _offset_ns(sample: Sample) -> int:
    sent_ns, received_ns, server_ms = sample
    return server_ms * NS_PER_MS - (sent_ns + received_ns) // 2


async def measure_offset(
    fetch_ms: Callable[[], Awaitable[int]], timer: AbstractTimer, rounds: int = ROUNDS
) -> Offset:
    """Ask the exchange's time `rounds` times, one after the other, and estimate its clock.

    Args:
        fetch_ms: Returns the server's time, ms since the epoch; what it raises is passed on.
        timer: Stamps the requests.
        rounds: Round trips.
    """
    samples = []
    for _ in range(rounds):
        sent_ns = timer.Timestamp()
        server_ms = await fetch_ms()
        samples.append((sent_ns, timer.Timestamp(), server_ms))
    return estimate_offset(samples)


def get_binance_lag(
    rest_url: str = BINANCE_FUTURES,
    rounds: int = ROUNDS,
    timer: AbstractTimer | None = None,
    path: str = TIME_PATH,
) -> timedelta:
    """Return how far the local clock is ahead of the exchange's; negative: it is behind.

    Blocks for some round trips.

    Args:
        rest_url: Base URL of any host that speaks Binance's REST protocol.
        rounds: Round trips; the median of those not held up counts.
        timer: The process's timer.
        path: Of the time endpoint, e.g. `/api/v3/time` for a spot host.

    Raises:
        ExchangeUnavailable: The host does not answer, or not with a time.
    """
    clock = timer or LiveTimer()
    try:
        samples = _collect(rest_url, path, rounds, clock)
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise ExchangeUnavailable(f"{rest_url}{path} gave no server time: {error!r}") from error
    return timedelta(microseconds=-estimate_offset(samples).offset_ns / 1_000)


def _collect(rest_url: str, path: str, rounds: int, timer: AbstractTimer) -> list[Sample]:
    url = urlsplit(rest_url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError("not a URL like https://host")
    secure = url.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=TIMEOUT_SECONDS)
    try:
        # before the first stamp: a handshake is no round trip
        connection.connect()
        return [_round_trip(connection, url.path.rstrip("/") + path, timer) for _ in range(rounds)]
    finally:
        connection.close()


def _round_trip(connection: http.client.HTTPConnection, path: str, timer: AbstractTimer) -> Sample:
    sent_ns = timer.Timestamp()
    connection.request("GET", path)
    text = connection.getresponse().read()
    received_ns = timer.Timestamp()
    return sent_ns, received_ns, int(json.loads(text)["serverTime"])

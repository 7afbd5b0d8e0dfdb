import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.constants import NS_PER_MS
from lib.errors import ExchangeUnavailable
from lib.ping import Offset, estimate_offset, get_binance_lag, measure_offset
from lib.timer import LiveTimer, VirtualTimer

SERVER_MS = 1_723_161_255_000
SERVER_NS = SERVER_MS * NS_PER_MS


class TimeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shift_ms = 0

    def do_GET(self) -> None:
        server_ms = LiveTimer().Timestamp() // NS_PER_MS + self.shift_ms
        is_time = self.path in {"/fapi/v1/time", "/api/v3/time"}
        body = json.dumps({"serverTime": server_ms} if is_time else {"code": -1}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def time_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), TimeHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    TimeHandler.shift_ms = 0


def sample(offset_ns: int, out_ns: int, back_ns: int) -> tuple[int, int, int]:
    sent_ns = SERVER_NS - offset_ns - out_ns
    return sent_ns, sent_ns + out_ns + back_ns, SERVER_MS


def test_offset_is_server_minus_local() -> None:
    ahead = estimate_offset(
        [sample(offset_ns=1_270 * NS_PER_MS, out_ns=NS_PER_MS, back_ns=NS_PER_MS)]
    )

    assert ahead == Offset(1_270 * NS_PER_MS, 2 * NS_PER_MS)


def test_round_trip_that_was_held_up_does_not_count() -> None:
    good = [sample(0, 10 * NS_PER_MS, 10 * NS_PER_MS)] * 2
    held_up = [sample(0, 10 * NS_PER_MS, 500 * NS_PER_MS)] * 3

    assert estimate_offset([*held_up, *good]) == Offset(0, 20 * NS_PER_MS)


def test_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="no sample"):
        estimate_offset([])


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=9),
)
def test_error_is_at_most_half_the_round_trip_that_counts(
    offset_ns: int, ways: list[tuple[int, int]]
) -> None:
    found = estimate_offset([sample(offset_ns, *way) for way in ways])

    longest_ns = max(max(2 * min(map(sum, ways)), min(map(sum, ways)) + NS_PER_MS), 1)
    assert abs(found.offset_ns - offset_ns) <= longest_ns / 2 + 1


async def test_measured_offset_uses_the_timers_clock() -> None:
    timer = VirtualTimer(SERVER_NS)

    async def fetch_ms() -> int:
        timer.advance(0.020)
        return timer.Timestamp() // NS_PER_MS + 1_000 - 10

    assert await measure_offset(fetch_ms, timer) == Offset(1_000 * NS_PER_MS, 20 * NS_PER_MS)


@pytest.mark.parametrize(("shift_ms", "path"), [(1_270, "/fapi/v1/time"), (-500, "/api/v3/time")])
def test_lag_is_positive_when_the_local_clock_is_ahead(
    time_url: str, shift_ms: int, path: str
) -> None:
    TimeHandler.shift_ms = shift_ms

    lag = get_binance_lag(time_url, path=path)

    assert abs(lag - timedelta(milliseconds=-shift_ms)) < timedelta(milliseconds=100)


def test_host_without_time_is_one_clear_error(time_url: str) -> None:
    with pytest.raises(ExchangeUnavailable, match="/nowhere gave no server time"):
        get_binance_lag(time_url, path="/nowhere")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "fapi.binance.com", "ftp://host"])
def test_host_that_cannot_be_asked_is_one_clear_error(url: str) -> None:
    with pytest.raises(ExchangeUnavailable, match="gave no server time"):
        get_binance_lag(url)

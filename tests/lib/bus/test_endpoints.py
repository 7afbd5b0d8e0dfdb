"""Where the sockets lie."""

import pytest

from lib.bus import endpoints
from lib.errors import ConfigError


def test_sockets_lie_in_the_runs_folder() -> None:
    assert endpoints.ipc("/run/tv", endpoints.ORDERS) == "ipc:///run/tv/orders"


def test_each_stream_worker_has_its_own_market_socket() -> None:
    assert endpoints.market("/run/tv", "stream") == "ipc:///run/tv/market"
    assert endpoints.market("/run/tv", "stream-2") == "ipc:///run/tv/market-2"


def test_a_path_too_long_for_a_unix_socket_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match=r"longer than 107 bytes; use a shorter `project`"):
        endpoints.path("/" + "é" * 60, endpoints.CONTROL)


def test_the_longest_possible_path_is_accepted() -> None:
    folder = "/" + "a" * (endpoints.MAX_PATH - len("/control") - 1)

    assert len(endpoints.path(folder, endpoints.CONTROL)) == endpoints.MAX_PATH


def test_the_roster_adds_stream_workers_that_were_not_there_at_birth() -> None:
    roster = [["stream", 1, "ready"], ["stream-spare", 2, "ready"], ["bot:a:BTCUSDT", 3, "ready"]]

    found = endpoints.markets("/run/tv", ["stream"], roster)

    assert found == ["ipc:///run/tv/market", "ipc:///run/tv/market-spare"]

"""The exchange is away for everybody: bots pause, nobody is restarted, trading resumes at once."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.harness import System, fetch, make_system, sandbox, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SYMBOLS = ["BTCUSDT", "ETHUSDT"]
CUT_SECONDS = 20.0
RESUMED_SECONDS = 3.0
"""The aim; a loaded machine gets five times as long."""


@contextlib.contextmanager
def refused(venue: OuterVenue) -> Iterator[None]:
    """Have a venue answer 503 to everything and cut every connection."""
    faults = venue.rest_url + "/venue/faults"
    fetch(faults, {"name": "reject_rest"})
    fetch(faults, {"name": "refuse_connects"})
    fetch(faults, {"name": "close_all", "hard": True})
    yield
    fetch(faults, method="DELETE")


@contextlib.contextmanager
def frozen(venue: OuterVenue) -> Iterator[None]:
    """Have a venue keep every connection and say nothing, as behind a cut cable."""
    os.kill(venue.process.pid, signal.SIGSTOP)
    yield
    os.kill(venue.process.pid, signal.SIGCONT)


@pytest.fixture
def venue() -> Iterator[OuterVenue]:
    with make_outer_venue("--seed", "3", "--active", ",".join(SYMBOLS)) as made:
        yield made


def live(project: str, venue: OuterVenue, **changes: Any) -> dict[str, Any]:
    """Return a configuration that trades on a second venue as on the exchange."""
    config = sandbox(project, **changes)
    del config["venue"]
    keys = {"key": "${OUTER_KEY}", "secret": "${OUTER_SECRET}"}
    config["BINANCE.FUTURES"] = {**venue.urls, **keys}
    config["bots"] = [{"name": "quoter", "bot": "QuoterBot", "symbols": SYMBOLS, "width": 0.0005}]
    return config


@contextlib.contextmanager
def trading(project: str, venue: OuterVenue, **changes: Any) -> Iterator[System]:
    """Yield a system whose orders rest on a venue."""
    os.environ |= {"OUTER_KEY": venue.key, "OUTER_SECRET": venue.secret}
    with make_system(live(project, venue, **changes)) as system:
        system.start()
        until("orders rest", lambda: len(venue.open_orders()) >= len(SYMBOLS))
        yield system


def restarts(system: System) -> dict[str, int]:
    return {one["name"]: one["restarts"] for one in system.status()["workers"] if one["restarts"]}


@pytest.mark.parametrize(
    "cut", [refused, pytest.param(frozen, marks=pytest.mark.long)], ids=["refused", "frozen"]
)
def test_a_cut_from_the_exchange_burns_no_restarts_and_trading_resumes(
    venue: OuterVenue, cut: Callable[[OuterVenue], Any]
) -> None:
    with trading("cut", venue) as system:
        orders = len(venue.ledger()["orders"])
        with cut(venue):
            until("the outage is recognised", lambda: "outage" in system.history(), 20)
            begun = time.monotonic()
            until("the cut is over", lambda: time.monotonic() - begun > CUT_SECONDS)
        ended = time.monotonic()
        until("new orders are made", lambda: len(venue.ledger()["orders"]) > orders, 60)
        resumed = time.monotonic() - ended

        assert sum(restarts(system).values()) <= 1, system.history()
        assert resumed < 5 * RESUMED_SECONDS, (resumed, system.logs())
        until("the outage is over", lambda: "outage over" in system.history())
        assert system.stop().returncode == 0
        assert venue.open_orders() == []

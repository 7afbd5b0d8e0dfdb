"""The host's wall clock is set by hours while everything trades on an exchange elsewhere."""

import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.constants import NS_PER_SECOND
from tests.e2e.harness import ROOT, System, make_system, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue
from tests.e2e.test_outage import SYMBOLS, live, restarts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SHIM = Path(__file__).parent / "clock"
HOURS_NS = 2 * 3_600 * NS_PER_SECOND
WATCHED_SECONDS = 6.0
"""Longer than any limit of the watchdogs."""


@pytest.fixture
def venue() -> Iterator[OuterVenue]:
    with make_outer_venue("--seed", "3", "--active", ",".join(SYMBOLS)) as made:
        yield made


def set_clock(file: Path, step_ns: int) -> None:
    """Step the clock of every process of the run; in place, since they have the file mapped."""
    with file.open("r+b") as opened:
        opened.write(struct.pack("<q", step_ns))


def trades_on(system: System, venue: OuterVenue, what: str) -> None:
    orders = len(venue.ledger()["orders"])
    begun = time.monotonic()
    until(f"time passes {what}", lambda: time.monotonic() - begun > WATCHED_SECONDS)
    until(f"orders are made {what}", lambda: len(venue.ledger()["orders"]) > orders)
    assert restarts(system) == {}, system.history()


@pytest.mark.long
def test_a_wall_clock_set_by_two_hours_restarts_nobody_and_orders_go_on(
    venue: OuterVenue, tmp_path: Path
) -> None:
    file = tmp_path / "clock"
    file.write_bytes(struct.pack("<q", 0))
    os.environ |= {"OUTER_KEY": venue.key, "OUTER_SECRET": venue.secret}
    with make_system(live("clock", venue)) as system:
        system.environment |= {"TICKVISOR_CLOCK": str(file), "PYTHONPATH": f"{SHIM}:{ROOT}"}
        system.start()
        until("orders rest", lambda: len(venue.open_orders()) >= len(SYMBOLS))

        set_clock(file, HOURS_NS)
        trades_on(system, venue, "two hours on")
        status = system.status()
        assert status["state"] == "running", system.history()
        set_clock(file, -HOURS_NS)
        trades_on(system, venue, "two hours back")

        refused = [row for row in venue.ledger()["requests"] if row["code"] == -1021]
        assert refused == []
        assert system.stop().returncode == 0
        assert venue.open_orders() == []

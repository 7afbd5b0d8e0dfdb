"""A second venue that plays Binance: a process of its own, which outlives the run under test."""

import contextlib
import json
import select
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.e2e.harness import ROOT, SECONDS, fetch, open_orders

OPEN = ("NEW", "PARTIALLY_FILLED", "TRIGGERING")


class OuterVenue:
    """One venue process.

    Args:
        arguments: Of `supervisor venue`.
    """

    def __init__(self, *arguments: str) -> None:
        """Start it and wait for its addresses."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers.venue", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        if not ready:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the second venue does not start")
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.rest_url: str = said["rest_url"]
        self.ws_url: str = said["ws_url"]
        self.key: str = said["key"]
        self.secret: str = said["secret"]

    @property
    def urls(self) -> dict[str, str]:
        """Its addresses, as a section of a configuration names them."""
        return {"rest_url": self.rest_url, "ws_url": self.ws_url}

    def ledger(self) -> dict[str, Any]:
        """Return the truth about its account."""
        found: dict[str, Any] = fetch(self.rest_url + "/venue/ledger")
        return found

    def open_orders(self) -> list[dict[str, Any]]:
        """Return its open orders that are no stops."""
        return open_orders(self.ledger())

    def open_stops(self) -> list[dict[str, Any]]:
        """Return its open conditional orders."""
        return [order for order in self.ledger()["algo_orders"] if order["status"] in OPEN]

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(SECONDS)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def make_outer_venue(*arguments: str) -> Iterator[OuterVenue]:
    """Yield a venue that is gone afterwards."""
    venue = OuterVenue(*arguments)
    try:
        yield venue
    finally:
        venue.close()

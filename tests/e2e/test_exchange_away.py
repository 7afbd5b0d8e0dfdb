"""Commands that meet an exchange worker between two lives: nothing is lost, or it is said."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import System, fetch, make_system, sandbox, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue
from tests.e2e.test_acceptance_commands import config

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def prod(venue: OuterVenue, project: str) -> dict[str, object]:
    """Return a run at an exchange that outlives it: what is left there stays."""
    made = sandbox(project, bots=[{"name": "q", "bot": "QuoterBot", "symbols": ["BTCUSDT"]}])
    del made["venue"]
    return made | {"BINANCE.FUTURES": {**venue.urls, "key": venue.key, "secret": venue.secret}}


@contextlib.contextmanager
def quoting(project: str) -> Iterator[tuple[OuterVenue, System]]:
    """Yield a venue, and a run that has an order open there."""
    with (
        make_outer_venue("--symbols", "BTCUSDT", "--seed", "3") as venue,
        make_system(prod(venue, project)) as system,
    ):
        system.config.chmod(0o600)
        system.start()
        until("it quotes", venue.open_orders)
        yield venue, system


def draw_out_openings(venue: OuterVenue) -> None:
    """Let no exchange worker open any more."""
    fault = {"name": "hang_rest", "path": "/fapi/v1/openOrders"}
    fetch(f"{venue.rest_url}/venue/faults", fault)


def test_stop_during_a_hand_over_leaves_no_order() -> None:
    with quoting("handed") as (venue, system):
        log = system.log_dir / "events.jsonl"
        # the next life opens after the bots are gone
        slow = {"name": "delay_rest", "path": "/fapi/v1/openOrders", "delay": 2.0}
        fetch(f"{venue.rest_url}/venue/faults", slow)

        with contextlib.closing(socket.socket(socket.AF_UNIX)) as stream:
            stream.connect(str(system.run_dir / "control"))
            stream.sendall(b'{"command": "restart", "workers": ["exchange"]}\n')
            until("it hands over", lambda: '"restarting"' in log.read_text())
            done = system.stop()

        assert venue.open_orders() == []
        assert done.returncode == 0, (done.stderr, system.logs())
        assert system.survivors() == []


def test_stop_before_the_exchange_worker_has_opened_says_that_orders_may_rest() -> None:
    with quoting("unopened") as (venue, system):
        system.status()
        assert system.process is not None
        everybody = {system.process.pid, *system.seen}
        for pid in everybody:
            os.kill(pid, signal.SIGKILL)
        system.process.wait()
        assert venue.open_orders()
        draw_out_openings(venue)

        system.launch()
        until("it opens", lambda: opens(system))
        done = system.stop()

        assert done.returncode == 1
        assert "not proven gone" in done.stderr
        assert venue.open_orders()


def test_stop_before_the_opening_says_nothing_where_the_last_run_left_nothing() -> None:
    with quoting("left-nothing") as (venue, system):
        assert system.stop().returncode == 0
        draw_out_openings(venue)

        for _ in range(2):  # and once more: the first of them has noted that it was clean
            system.launch()
            until("it opens", lambda: opens(system))
            done = system.stop()
            assert (done.returncode, done.stderr) == (0, "")
        assert venue.open_orders() == []


def opens(system: System) -> bool:
    status = system.try_status()
    found = {one["name"]: one["state"] for one in status["workers"]} if status else {}
    return found.get("exchange") == "starting" and found.get("stream") == "ready"


def test_halt_reaches_an_exchange_worker_that_is_down(tmp_path: Path) -> None:
    with make_system(config("halts", tmp_path)) as system:
        system.start()
        until("it quotes", system.open_orders)
        os.kill(system.worker("exchange")["pid"], signal.SIGKILL)
        until("it is down", lambda: system.worker("exchange")["state"] == "backoff")

        done = system.run("halt", "--reason", "maintenance")

        assert done.returncode == 4
        assert "when the exchange worker is back" in done.stderr
        assert done.stderr.count("\n") == 1
        assert system.run("restart", "exchange").returncode == 0
        until("it is latched", lambda: system.request(command="orders")["halted"])
        assert system.request(command="orders")["halted"] == {"*": "maintenance"}
        until("quotes are cancelled", lambda: not system.open_orders())

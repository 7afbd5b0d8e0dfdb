"""A stop that a `Clean` leaves on purpose survives the run, and nothing else does."""

import pytest

from tests.e2e.harness import BOTS, make_system, sandbox, until
from tests.e2e.outer_venue import make_outer_venue
from tests.e2e.test_paper import prod_against

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

BOT = "bot:keeping:BTCUSDT"
KEEPING = {"name": "keeping", "bot": f"{BOTS}:KeepingBot", "symbols": ["BTCUSDT"]}


def test_stop_prints_the_stop_that_stays_and_the_next_run_takes_it_over() -> None:
    with (
        make_outer_venue("--seed", "4", "--active", "BTCUSDT") as binance,
        make_system(sandbox("prod")) as system,
    ):
        arguments = prod_against(binance, system, [KEEPING])
        system.start(*arguments)
        until("the stop is open", binance.open_stops)
        until("the far order is open", binance.open_orders)

        done = system.stop()

        assert done.returncode == 0, done.stderr
        [stop] = binance.open_stops()
        assert stop["reduce_only"]
        assert stop["client_id"] in done.stdout
        assert "BTCUSDT" in done.stdout
        assert stop["client_id"] in system.output
        assert binance.open_orders() == []
        assert system.survivors() == []

        system.start(*arguments)
        until("the far order is open again", binance.open_orders)
        assert f"stop adopted id={stop['client_id']}" in system.run("logs", BOT).stdout
        assert [order["id"] for order in binance.open_stops()] == [stop["id"]]
        assert system.stop().returncode == 0
        assert [order["id"] for order in binance.open_stops()] == [stop["id"]]
        assert binance.open_orders() == []

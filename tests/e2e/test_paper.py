"""The shipped paper.yaml and prod.yaml against a second venue that plays Binance."""

from collections.abc import Iterator
from typing import Any

import pytest

import yaml
from tests.e2e.harness import ROOT, System, fetch, make_system, sandbox, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SYMBOLS = ["BTCUSDT", "ETHUSDT"]
QUOTER = {"name": "quoter", "bot": "QuoterBot", "symbols": SYMBOLS, "width": 0.00005}


@pytest.fixture(scope="module")
def binance() -> Iterator[OuterVenue]:
    with make_outer_venue("--seed", "3", "--active", ",".join(SYMBOLS)) as venue:
        yield venue


def shipped(system: System, name: str, more: dict[str, Any]) -> list[str]:
    """Make a system run a shipped file; return the arguments that add `more` to it."""
    system.config, system.project = ROOT / "yaml" / f"{name}.yaml", name
    added = system.folder / "more.yaml"
    added.write_text(yaml.safe_dump(more))
    return ["--add", str(added)]


def test_paper_trades_live_data_in_the_own_venue_alone(binance: OuterVenue) -> None:
    more = {"venue": binance.urls, "bots": [QUOTER]}
    with make_system(sandbox("paper")) as system:
        system.start(*shipped(system, "paper", more))
        system.until_flowing()
        own = system.status()["venue"]["rest_url"]
        assert own != binance.rest_url

        def traded() -> Any:
            ledger = system.venue("/venue/ledger")
            symbols = {order["symbol"] for order in ledger["orders"]}
            return symbols == set(SYMBOLS) and ledger["fills"] and system.open_orders()

        until("orders of all symbols rest and fill in the own venue", traded)
        ledger = system.venue("/venue/ledger")
        fill = ledger["fills"][-1]
        assert abs(float(fill["price"]) / market_price(binance, fill["symbol"]) - 1) < 0.05
        assert system.stop().returncode == 0
        assert system.survivors() == []
    assert binance.ledger()["orders"] == []


def market_price(venue: OuterVenue, symbol: str) -> float:
    found = fetch(f"{venue.rest_url}/fapi/v1/ticker/price?symbol={symbol}")
    return float(found["price"])


def prod_against(venue: OuterVenue, system: System, bots: list[dict[str, Any]]) -> list[str]:
    """Make a system run prod.yaml against a venue, its keys in the environment as the file asks."""
    more = {
        "factory": "SandboxFactory",
        "vault": "ConfigVault",
        "influx": None,
        "BINANCE.FUTURES": venue.urls,
        "bots": bots,
    }
    system.environment |= {"BINANCE_KEY": venue.key, "BINANCE_SECRET": venue.secret}
    return shipped(system, "prod", more)


def test_prod_runs_against_the_second_venue_as_against_binance(binance: OuterVenue) -> None:
    with make_system(sandbox("prod")) as system:
        system.start(*prod_against(binance, system, [QUOTER]))
        names = [worker["name"] for worker in system.status()["workers"]]
        assert names == [
            "exchange",
            "stream-1",
            "stream-2",
            "bot:quoter:BTCUSDT",
            "bot:quoter:ETHUSDT",
        ]
        system.until_flowing()
        until("orders are open there", binance.open_orders)
        until("orders are filled there", lambda: binance.ledger()["fills"])

        assert system.stop().returncode == 0

        assert system.survivors() == []
        assert binance.open_orders() == []
        assert binance.open_stops() == []
        assert "CANCELED" in {order["status"] for order in binance.ledger()["orders"]}


def test_prod_with_a_wrong_key_is_refused_in_one_line(binance: OuterVenue) -> None:
    with make_system(sandbox("prod")) as system:
        arguments = prod_against(binance, system, [QUOTER])
        system.environment["BINANCE_KEY"] = "x" * 64

        done = system.run("start", str(system.config), *arguments)

        assert done.returncode in (1, 2), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert "key" in done.stderr.lower()
        assert "x" * 64 not in done.stderr + done.stdout
        assert not system.run_dir.exists()

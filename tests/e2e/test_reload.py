"""A changed configuration taken over, and everything restarted, while the others never stop."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

import yaml
from tests.e2e.harness import System, make_system, sandbox, until
from tests.e2e.ill_bots import LOOP
from tests.e2e.test_acceptance_commands import BLOCKING
from tests.e2e.test_standby import received, sent

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

BOTS = Path(__file__).parent / "bots.py"
ILL = Path(__file__).parent / "ill_bots.py"


def config_of(ledger: Path, *quoted: str, **changes: Any) -> dict[str, Any]:
    quoter = {"name": "quoter", "bot": "QuoterBot", "symbols": list(quoted)}
    noting = {
        "name": "noting",
        "bot": f"{BOTS}:TradeLedgerBot",
        "symbols": ["BTCUSDT"],
        "ledger": str(ledger),
    }
    return sandbox(
        "reload",
        bots=[noting, quoter],
        venue={"feed": "synthetic", "seed": 5, "rate": 40},
        stream={"channels": ["book", "trade"]},
        watchdog={"book": "20s", "trade": 0, "candle": 0, "account": "60s", "heartbeat": "5s"},
        **changes,
    )


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "trades"
    path.touch()
    return path


@pytest.fixture(scope="module")
def system(ledger: Path) -> Iterator[System]:
    with make_system(config_of(ledger, "ETHUSDT", "SOLUSDT")) as made:
        made.start()
        until("trades arrive", lambda: len(received(ledger)) > 3)
        yield made


def write(system: System, config: dict[str, Any]) -> None:
    system.config.write_text(yaml.safe_dump(config))


def lives(system: System) -> dict[str, int]:
    return {worker["name"]: worker["incarnation"] for worker in system.status()["workers"]}


def assert_no_trade_is_missing(system: System, ledger: Path) -> None:
    """What the noting bot was handed since it was born is a run of what the venue sent."""
    got = received(ledger)[-600:]
    until("the newest trade is the venue's", lambda: sent(system)[-1] is not None)
    whole = sent(system)
    known = [trade for trade in got if trade in whole]
    at = whole.index(known[0])
    assert known == whole[at : at + len(known)]


def test_dry_run_shows_the_differences_and_changes_nothing(system: System, ledger: Path) -> None:
    before = lives(system)
    write(system, config_of(ledger, "ETHUSDT", "XRPUSDT"))

    done = system.run("reload", "--dry-run")

    assert done.returncode == 0, done.stderr
    shown = [line.split()[:2] for line in done.stdout.splitlines()]
    assert ["+", "bot:quoter:XRPUSDT"] in shown
    assert ["-", "bot:quoter:SOLUSDT"] in shown
    assert lives(system) == before


def test_reload_moves_one_symbol_and_the_others_never_notice(system: System, ledger: Path) -> None:
    before = lives(system)
    write(system, config_of(ledger, "ETHUSDT", "XRPUSDT"))

    done = system.run("reload", seconds=120)

    assert done.returncode == 0, (done.stdout, done.stderr, system.logs())
    after = lives(system)
    assert "bot:quoter:SOLUSDT" not in after
    kept = {name: life for name, life in after.items() if name != "bot:quoter:XRPUSDT"}
    assert kept == {name: life for name, life in before.items() if name in kept}
    system.until_flowing(["bot:quoter:XRPUSDT"])
    until("it quotes", lambda: "XRPUSDT" in {row["symbol"] for row in system.open_orders()})
    until("no more SOL", lambda: "SOLUSDT" not in {row["symbol"] for row in system.open_orders()})
    assert_no_trade_is_missing(system, ledger)
    assert "nothing to change" in system.run("reload").stdout


def test_configuration_that_is_wrong_changes_nothing(system: System, ledger: Path) -> None:
    before = lives(system)
    for wrong in (
        config_of(ledger, "ETHUSDT", "NOSUCHUSDT"),
        config_of(ledger, "ETHUSDT", nonsense=1),
        config_of(ledger) | {"bots": [{"bot": "nowhere.NoBot", "symbols": ["BTCUSDT"]}]},
    ):
        write(system, wrong)
        done = system.run("reload", seconds=60)
        assert done.returncode == 2, (done.stdout, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    write(system, config_of(ledger, "ETHUSDT", "XRPUSDT"))
    assert lives(system) == before


def test_what_needs_a_full_restart_is_named_and_the_rest_waits_for_a_yes(
    system: System, ledger: Path
) -> None:
    before = lives(system)
    changed = config_of(ledger, "ETHUSDT")
    write(system, changed | {"venue": {"feed": "synthetic", "seed": 6, "rate": 40}})

    refused = system.run("reload")

    assert refused.returncode == 1
    assert "needs a full restart" in refused.stdout
    assert "venue" in refused.stderr
    assert lives(system) == before
    done = system.run("reload", "--yes", seconds=60)
    assert done.returncode == 0, done.stderr
    assert set(before) - set(lives(system)) == {"bot:quoter:XRPUSDT"}
    assert lives(system)["venue"] == before["venue"]


def test_rolling_restart_leaves_no_gap_in_the_data_and_keeps_the_orders(
    system: System, ledger: Path
) -> None:
    until("orders rest", lambda: len(system.open_orders()) == 2)
    before = lives(system)

    done = system.run("restart", "stream", seconds=120)
    assert done.returncode == 0, (done.stderr, system.logs())
    after = lives(system)
    assert {name for name in after if after[name] != before[name]} == {"stream"}
    assert_no_trade_is_missing(system, ledger)

    done = system.run("restart", "--all", seconds=180)
    assert done.returncode == 0, (done.stderr, system.logs())
    last = lives(system)
    assert {name for name in last if last[name] == after[name]} == {"venue"}
    assert set(last) == set(before)
    until("it quotes again", lambda: len(system.open_orders()) == 2)


def test_exchange_worker_leaves_its_orders_to_its_next_life(system: System) -> None:
    # far from the market, so that they rest while the worker is replaced
    until("orders rest", lambda: len(system.open_orders()) == 2)
    cancelled = cancelled_by_us(system)

    assert system.run("restart", "exchange", seconds=60).returncode == 0

    assert "orders of dead bots" not in (system.log_dir / "exchange.log").read_text()
    assert cancelled_by_us(system) - cancelled <= 4
    assert system.stop().returncode == 0
    assert system.survivors() == []


def cancelled_by_us(system: System) -> int:
    return sum(order["status"] == "CANCELED" for order in system.venue("/venue/ledger")["orders"])


def test_a_start_that_never_ends_is_mended_by_a_reload(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT").write_text(LOOP)
    quoter = {"name": "quoter", "bot": "QuoterBot", "symbols": ["ETHUSDT"]}
    ill = {"name": "ill", "bot": f"{ILL}:IllBot", "symbols": ["BTCUSDT"], "triggers": str(tmp_path)}
    unknown = {"name": "unknown", "bot": "nowhere.NoBot", "symbols": ["SOLUSDT"]}
    config = sandbox("starting", bots=[quoter, ill])
    with make_system(config) as system:
        system.launch()
        until("it is served", system.try_status)
        until("one is ready", lambda: system.worker("bot:quoter:ETHUSDT")["state"] == "ready")
        until("one never is", lambda: system.worker("bot:ill:BTCUSDT")["last_exit"])

        write(system, config | {"bots": [quoter, ill, unknown]})
        refused = system.run("reload", seconds=60)
        assert refused.returncode == 2, (refused.stderr, system.logs())
        assert system.status()["state"] == "starting"

        write(system, config | {"bots": [quoter]})
        done = system.run("reload", seconds=60)
        assert done.returncode == 0, (done.stdout, done.stderr, system.logs())
        system.until_running()
        assert system.stop().returncode == 0


def test_a_bot_that_never_loads_holds_up_neither_the_run_nor_its_end(tmp_path: Path) -> None:
    (tmp_path / "blocking.py").write_text(BLOCKING)
    config = sandbox("blocked")
    never = {"name": "never", "bot": str(tmp_path / "blocking.py"), "symbols": ["ADAUSDT"]}
    with make_system(config) as system:
        system.start()
        write(system, config | {"bots": [*config["bots"], never]})
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(system.run, "reload", seconds=120)
            until("it is imported", (tmp_path / "importing").exists)
            family = psutil.Process(system.status()["pid"]).children(recursive=True)

            assert system.stop().returncode == 0

            assert asked.result().returncode == 1
            assert "it is stopping" in asked.result().stderr
        assert [one for one in family if one.is_running()] == []

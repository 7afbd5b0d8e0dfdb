"""A new user's first minutes, as README.md has them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import yaml
from tests.e2e.harness import System, make_system, until
from tests.test_readme import README, blocks, commands

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[System]:
    config = yaml.safe_load((ROOT / "yaml/sandbox.yaml").read_text("utf-8"))
    with make_system(config) as system:
        yield system.start()


def test_the_exchange_would_cancel_what_rests_when_we_fall_silent(sandbox: System) -> None:
    def armed() -> bool:
        accounts = sandbox.venue("/venue/ledger")["accounts"]
        return any(account["countdowns"] for account in accounts.values())

    until("a countdown is armed at the venue", armed)


def test_commands_for_looking_at_a_run_work(sandbox: System) -> None:
    done = {}
    for words in commands(README):
        if words[1] in ("status", "restart"):
            done[words[1]] = sandbox.run(*words[1:])
    assert {name: result.returncode for name, result in done.items()} == {
        "status": 0,
        "restart": 0,
    }
    assert "bot:quoter:BTCUSDT" in done["status"].stdout
    sandbox.until_running()

    assert sandbox.run("logs", "stream").returncode == 0
    assert "bot:sandbox:XRPUSDT" in sandbox.run("logs").stdout


def test_killed_stream_comes_back_and_the_others_stay(sandbox: System) -> None:

    before = {worker["name"]: worker for worker in sandbox.until_running()["workers"]}

    os.kill(before["stream"]["pid"], signal.SIGKILL)

    sandbox.until_replaced(before["stream"])
    assert "killed by SIGKILL" in sandbox.run("status").stdout
    after = {worker["name"]: worker["pid"] for worker in sandbox.status()["workers"]}
    changed = [name for name, worker in before.items() if after[name] != worker["pid"]]
    assert changed == ["stream"]


def test_stop_of_the_readme_leaves_nothing(sandbox: System) -> None:
    sandbox.until_running()

    assert sandbox.stop().returncode == 0

    assert sandbox.survivors() == []
    assert not sandbox.run_dir.exists()


def test_bot_of_the_readme_trades() -> None:
    [config] = blocks(README, "yaml")
    with make_system(yaml.safe_load(config)) as system:
        (system.folder / "my").mkdir()
        (system.folder / "my/nibbler.py").write_text(blocks(README, "python")[0])
        system.start()

        def traded() -> bool:
            orders = system.venue("/venue/ledger")["orders"]
            return {order["side"] for order in orders if order["status"] == "FILLED"} == {
                "BUY",
                "SELL",
            }

        until("it has bought and sold", traded)
        logs = system.run("logs", "bot:nibbler:BTCUSDT", "--project", "nibbler")
        assert "FILLED" in logs.stdout
        assert system.worker("bot:nibbler:BTCUSDT")["restarts"] == 0
        assert system.stop().returncode == 0
        assert system.survivors() == []


def test_limits_hold_the_bot_of_the_readme_back() -> None:
    # The smallest order of BTCUSDT is worth a hundred times as much.
    config = yaml.safe_load(blocks(README, "yaml")[0])
    config |= {"project": "limit", "BINANCE.FUTURES": {"risk": {"max_order_usd": 1}}}
    with make_system(config) as system:
        (system.folder / "my").mkdir()
        (system.folder / "my/nibbler.py").write_text(blocks(README, "python")[0])
        system.start()

        # A fill, or a refusal, which stands in the bot's log as its order's last status.
        def decided() -> str:
            logs = system.run("logs", "bot:nibbler:BTCUSDT").stdout
            found = [word for word in ("FILLED", "REJECTED", "NOT_SENT") if f" {word} " in logs]
            return found[0] if found else ""

        assert until("an order is filled or refused", decided) != "FILLED"
        assert system.venue("/venue/ledger")["orders"] == []

"""What is no reason to restart anybody: one quiet symbol, a silent market, our own sleep."""

import os
import signal
import time
from typing import Any

import pytest

from tests.e2e.harness import System, make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUOTER = {"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT", "ETHUSDT"]}


def lives(system: System) -> dict[str, Any]:
    return {one["name"]: one["incarnation"] for one in system.status()["workers"]}


def wait(what: str, seconds: float) -> None:
    begun = time.monotonic()
    until(what, lambda: time.monotonic() - begun > seconds, seconds * 5 + 30)


def symbols_quoted(system: System) -> set[str]:
    return {one["symbol"] for one in system.open_orders()}


def test_one_silent_symbol_pauses_its_bot_and_restarts_nobody() -> None:
    with make_system(sandbox("hushed", bots=[QUOTER])) as system:
        system.start()
        until("both quote", lambda: len(symbols_quoted(system)) == 2)
        before = lives(system)

        system.venue("/venue/faults", {"name": "mute_market", "symbol": "ETHUSDT"})
        until("it is escalated", lambda: "escalate: book ETHUSDT" in system.history(), 90)

        assert lives(system) == before, system.history()
        status = {one["name"]: one for one in system.status()["workers"]}
        assert status["stream"]["state"] == "stale"
        assert any(text.startswith("book ETHUSDT") for text in status["stream"]["stale"])
        assert status["stream"]["illnesses"]["stale"] >= 1
        assert "offline" in status["bot:quoter:ETHUSDT"]["note"]
        system.until_flowing(["bot:quoter:BTCUSDT"])
        assert "ETHUSDT" not in symbols_quoted(system)
        # between two quotes there is none for a moment
        until("BTCUSDT is quoted", lambda: symbols_quoted(system) == {"BTCUSDT"})

        system.venue("/venue/faults", method="DELETE")
        until("it quotes again", lambda: len(symbols_quoted(system)) == 2)
        assert lives(system) == before


def test_limits_of_resources_place_and_renew_workers_without_a_gap() -> None:
    resources = {"stream": {"memory": "1MB"}, "bot": {"nice": 5, "cpus": [0]}}
    config = sandbox("limited", bots=[QUOTER], resources=resources)
    with make_system(config) as system:
        system.start()
        bot = system.worker("bot:quoter:BTCUSDT")
        assert os.sched_getaffinity(bot["pid"]) == {0}
        assert os.getpriority(os.PRIO_PROCESS, bot["pid"]) == 5
        assert bot["resources"] == {"nice": 5, "cpus": [0]}

        until("the stream is renewed", lambda: system.worker("stream")["restarts"] == 1, 90)

        history = system.history()
        assert "sick: " in history
        assert "renewing: " in history
        assert "MB of memory, limit 1 MB" in history
        assert "stale" not in history
        assert system.worker("bot:quoter:BTCUSDT")["pid"] == bot["pid"]
        assert system.worker("stream")["illnesses"]["sick"] >= 1


def test_a_worker_over_its_hard_memory_limit_is_killed_as_sick() -> None:
    resources = {"workers": {"bot:quoter:ETHUSDT": {"memory_max": "1MB"}}}
    config = sandbox("greedy", bots=[QUOTER], resources=resources, restart={"backoff": "1s..2s"})
    with make_system(config) as system:
        system.launch()
        name = "bot:quoter:ETHUSDT"
        until("it is killed", lambda: f"{name} " in killed(system), 120)
        until("its end is known", lambda: system.worker(name)["last_exit"])

        assert system.worker(name)["last_exit"]["reason"] == "sick"
        assert system.worker("bot:quoter:BTCUSDT")["restarts"] == 0


def killed(system: System) -> str:
    """Return the lines of the history that tell that a worker was killed for its memory."""
    if system.try_status() is None:
        return ""
    return "\n".join(line for line in system.history().splitlines() if "killed: " in line)


@pytest.mark.long
def test_a_market_that_is_silent_for_a_minute_costs_one_restart_at_most() -> None:
    with make_system(sandbox("silent", bots=[QUOTER])) as system:
        system.start()
        before = lives(system)

        system.venue("/venue/faults", {"name": "mute_market"})
        wait("a minute", 60)
        assert system.open_orders() == []
        system.venue("/venue/faults", method="DELETE")

        until("both quote", lambda: len(symbols_quoted(system)) == 2)
        changed = [name for name, life in lives(system).items() if life != before[name]]
        assert changed in ([], ["stream"]), system.history()
        assert sum(one["restarts"] for one in system.status()["workers"]) <= 1


@pytest.mark.long
def test_the_supervisor_s_own_sleep_is_held_against_nobody() -> None:
    with make_system(sandbox("asleep", bots=[QUOTER])) as system:
        system.start()
        before = lives(system)
        assert system.process is not None

        system.process.send_signal(signal.SIGSTOP)
        wait("ten seconds", 10)
        system.process.send_signal(signal.SIGCONT)
        wait("some beats", 3)

        assert lives(system) == before, system.history()
        system.until_flowing()


def test_what_restarts_with_a_worker_does_and_nothing_else() -> None:
    lonely = {"name": "lonely", "bot": "QuoterBot", "symbols": ["ETHUSDT"]}
    tied = {
        **lonely,
        "name": "tied",
        "symbols": ["BTCUSDT"],
        "restart": {"restarts_with": ["stream"]},
    }
    with make_system(sandbox("tied", bots=[tied, lonely])) as system:
        system.start()
        before = lives(system)

        os.kill(system.worker("stream")["pid"], signal.SIGKILL)
        until("both are new", lambda: system.worker("bot:tied:BTCUSDT")["restarts"] == 1)
        system.until_running()

        changed = {name for name, life in lives(system).items() if life != before[name]}
        assert changed == {"stream", "bot:tied:BTCUSDT"}, system.history()
        assert "restarts with stream" in system.history()

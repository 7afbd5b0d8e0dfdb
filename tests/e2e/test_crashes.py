"""Each worker kind x each way to fail: noticed, replaced, and the others never stopped."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import System, make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

BOT = "bot:quoter:BTCUSDT"
KINDS = ("venue", "exchange", "stream", BOT)
MISBEHAVING = str(Path(__file__).parent / "bots.py")


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    config = sandbox("crash", restart={"limit": "1000 in 60s", "backoff": "0..1s"})
    with make_system(config) as made:
        yield made.start()


def others_of(name: str, status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {worker["name"]: worker for worker in status["workers"] if worker["name"] != name}


def assert_others_never_stopped(system: System, before: dict[str, dict[str, Any]]) -> None:
    """Same pids, and counters that grew."""
    after = {worker["name"]: worker for worker in system.status()["workers"]}
    for name, worker in before.items():
        assert after[name]["pid"] == worker["pid"], f"{name} was restarted\n{system.history()}"
        assert after[name]["events"] >= worker["events"]


@pytest.mark.parametrize("name", KINDS)
def test_killed_worker_is_replaced_and_events_flow_again(system: System, name: str) -> None:
    status = system.until_running()
    before, others = system.worker(name), others_of(name, status)

    os.kill(before["pid"], signal.SIGKILL)

    after = system.until_replaced(before)
    assert after["incarnation"] > before["incarnation"]
    assert after["last_exit"]["reason"] == "signal"
    assert after["last_exit"]["code"] == -signal.SIGKILL
    system.until_flowing()
    assert_others_never_stopped(system, others)


@pytest.mark.parametrize("name", KINDS)
def test_frozen_worker_is_noticed_and_replaced(system: System, name: str) -> None:
    status = system.until_running()
    before, others = system.worker(name), others_of(name, status)

    os.kill(before["pid"], signal.SIGSTOP)

    after = system.until_replaced(before)
    assert after["last_exit"]["reason"] == "hung"
    system.until_flowing()
    assert_others_never_stopped(system, others)


@pytest.mark.parametrize("name", ["venue", "exchange", "stream"])
def test_worker_whose_loop_never_returns_is_replaced(system: System, name: str) -> None:
    status = system.until_running()
    before, others = system.worker(name), others_of(name, status)

    assert system.request(command="hook", worker=name, action="hang")["ok"]

    after = system.until_replaced(before)
    assert after["last_exit"]["reason"] == "hung"
    system.until_flowing()
    assert_others_never_stopped(system, others)


def test_silent_market_is_noticed_and_the_stream_worker_replaced(system: System) -> None:
    status = system.until_running()
    before, others = system.worker("stream"), others_of("stream", status)

    system.venue("/venue/faults", {"name": "mute_market"})
    until(
        "the stream worker is replaced",
        lambda: system.worker("stream")["restarts"] > before["restarts"],
    )
    system.venue("/venue/faults", method="DELETE")

    after = system.until_replaced(before)
    assert after["last_exit"]["reason"] == "stale"
    system.until_flowing()
    assert_others_never_stopped(system, others)


def test_silent_account_stream_is_noticed_while_fills_happen() -> None:
    quoter = {"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT"], "width": 0.00005}
    config = sandbox("deaf", bots=[quoter])
    config["watchdog"]["account"] = "2s"
    with make_system(config) as system:
        system.start()
        before, others = system.worker("exchange"), others_of("exchange", system.status())

        system.venue("/venue/faults", {"name": "mute_user"})
        until(
            "the exchange worker is replaced",
            lambda: system.worker("exchange")["restarts"] > before["restarts"],
        )
        system.venue("/venue/faults", method="DELETE")

        after = system.until_replaced(before)
        assert after["last_exit"]["reason"] == "stale"
        system.until_flowing()
        assert_others_never_stopped(system, others)


class Misbehaving:
    """A sandbox with one bot that misbehaves when its trigger file appears."""

    def __init__(self, project: str, bot: str, folder: Path) -> None:
        self.trigger = folder / "trigger"
        self.name = "bot:bad:BTCUSDT"
        bad = {
            "name": "bad",
            "bot": f"{MISBEHAVING}:{bot}",
            "symbols": ["BTCUSDT"],
            "trigger": str(self.trigger),
        }
        good = {"name": "quoter", "bot": "QuoterBot", "symbols": ["ETHUSDT"]}
        self.config = sandbox(project, bots=[bad, good])

    def pull(self, text: str = "") -> None:
        temporary = self.trigger.with_suffix(".new")
        temporary.write_text(text)
        temporary.rename(self.trigger)


@pytest.mark.parametrize(
    ("bot", "reason"),
    [("HangingBot", "hung"), ("DeafBot", "stale"), ("FailingBot", "exit")],
)
def test_misbehaving_bot_is_replaced_alone(tmp_path: Path, bot: str, reason: str) -> None:
    misbehaving = Misbehaving("bad", bot, tmp_path)
    with make_system(misbehaving.config) as system:
        system.start()
        before = system.worker(misbehaving.name)
        others = others_of(misbehaving.name, system.status())

        misbehaving.pull()

        after = system.until_replaced(before)
        assert after["last_exit"]["reason"] == reason
        system.until_flowing()
        assert_others_never_stopped(system, others)
        log = system.run("logs", misbehaving.name).stdout
        assert ("on purpose" in log) == (bot == "FailingBot")


def test_a_bot_may_ask_for_a_new_life_and_for_a_new_stream(tmp_path: Path) -> None:
    misbehaving = Misbehaving("asking", "AskingBot", tmp_path)
    with make_system(misbehaving.config) as system:
        system.start()
        bot, stream = system.worker(misbehaving.name), system.worker("stream")

        misbehaving.pull()
        replaced = system.until_replaced(bot)
        assert replaced["last_exit"]["reason"] == "requested"
        assert system.worker("stream")["pid"] == stream["pid"]

        misbehaving.pull("stream")
        system.until_replaced(stream)
        assert system.worker(misbehaving.name)["pid"] == replaced["pid"]
        assert "no new data" in system.history()


def test_killed_fork_server_is_replaced_and_nobody_notices(system: System) -> None:
    system.until_running()
    others = others_of("", system.status())
    [server] = [
        pid
        for pid in _children(system.status()["pid"])
        if "fork server" in Path(f"/proc/{pid}/cmdline").read_text()
    ]

    os.kill(server, signal.SIGKILL)
    bot = system.worker(BOT)
    os.kill(bot["pid"], signal.SIGKILL)

    system.until_replaced(bot)
    others.pop(BOT)
    assert_others_never_stopped(system, others)
    until("there is a new fork server", lambda: server not in _fork_servers(system))


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _fork_servers(system: System) -> list[int]:
    return [
        pid
        for pid in _children(system.status()["pid"])
        if "fork server" in Path(f"/proc/{pid}/cmdline").read_text()
    ] or [-1]


def test_killed_supervisor_takes_everybody_with_it_and_a_fresh_start_works() -> None:
    with make_system(sandbox("orphan")) as system:
        system.start()
        until("an order is open", system.open_orders)
        url = system.status()["venue"]["rest_url"]
        assert url
        bots = [one["pid"] for one in system.status()["workers"] if one["kind"] == "bot"]
        assert system.process is not None

        system.process.kill()
        system.process.wait()

        until("every bot is gone", lambda: not set(system.survivors()) & set(bots), 10)
        until("everybody is gone", lambda: not system.survivors(), 15)
        system.start()
        system.until_flowing()
        assert system.stop().returncode == 0
        assert system.survivors() == []

"""Many at once: everybody killed, six frozen; the status answers all the while, by its schema."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.e2e.harness import System, make_system, sandbox, until
from tests.e2e.matrix import events
from tests.processes import commands

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "BNBUSDT", "LTCUSDT", "LINKUSDT"]
FROZEN = 6
HEARTBEAT = 1.0
APART = 1.5
"""Seconds between the first and the last frozen worker's replacement; one after the other, at one
per look, would take many times that."""
ANSWER = 10.0
"""Seconds; a new interpreter on a machine whose every process has just been killed."""
CODES = {0, 3, 4}
FIELDS = {"project", "pid", "state", "uptime_s", "workers"}


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    bots = [{"name": "quoter", "bot": "QuoterBot", "symbols": SYMBOLS}]
    with make_system(sandbox("many", bots=bots, restart={"limit": "1000 in 60s"})) as made:
        yield made.start()


class Asker(threading.Thread):
    """Asks `supervisor status --json` again and again, as a monitor does."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self._system = system
        self._done = threading.Event()
        self.answers: list[tuple[int, str, float]] = []

    def run(self) -> None:
        while not self._done.wait(0.3):
            began = time.monotonic()
            done = self._system.run("status", "--json")
            self.answers.append((done.returncode, done.stdout, time.monotonic() - began))

    def __enter__(self) -> "Asker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()
        assert self.answers
        for code, text, seconds in self.answers:
            assert code in CODES
            assert seconds < ANSWER
            if code != 3:
                status = json.loads(text)
                assert status.keys() >= FIELDS
                assert {one["name"] for one in status["workers"]} >= {"venue", "exchange", "stream"}
                assert (status["state"] == "running") == (code == 0)


def test_everybody_killed_at_once_is_back_and_nobody_is_given_up(system: System) -> None:
    before = system.until_running()["workers"]
    began_ns = time.time_ns()

    with Asker(system):
        for one in before:
            os.kill(one["pid"], signal.SIGKILL)
        for one in before:
            system.until_replaced(one)

    system.until_flowing()
    said = events(system, began_ns)
    beating = {one["worker"]: one["at_ns"] for one in said if one["event"] == "first beat"}
    assert beating.keys() == {one["name"] for one in before}
    assert not [one for one in said if one["event"] in ("failed", "halted")]
    after = {one["name"]: one for one in system.status()["workers"]}
    for one in before:
        assert after[one["name"]]["restarts"] == one["restarts"] + 1


def test_six_frozen_at_once_are_replaced_at_once(system: System) -> None:
    workers = system.until_running()["workers"]
    frozen = [one for one in workers if one["kind"] == "bot"][:FROZEN]
    others = [one for one in workers if one not in frozen]
    began_ns = time.time_ns()

    with Asker(system):
        for one in frozen:
            os.kill(one["pid"], signal.SIGSTOP)
        for one in frozen:
            system.until_replaced(one)

    names = {one["name"] for one in frozen}
    hung = {
        one["worker"]: (one["at_ns"] - began_ns) / 1e9
        for one in events(system, began_ns)
        if one["event"] == "hung"
    }
    assert hung.keys() == names
    assert max(hung.values()) - min(hung.values()) < APART
    now = {one["name"]: one["incarnation"] for one in system.status()["workers"]}
    assert all(now[one["name"]] == one["incarnation"] for one in others)


def test_killed_helper_processes_do_not_end_the_run(system: System) -> None:
    """The fork server, killed again and again while workers die, is no single point of failure."""
    bot = f"bot:quoter:{SYMBOLS[0]}"
    for _ in range(3):
        before = system.worker(bot)
        for pid in fork_servers(system):
            os.kill(pid, signal.SIGKILL)
        os.kill(before["pid"], signal.SIGKILL)
        system.until_replaced(before)
    until("there is a fork server again", lambda: fork_servers(system))
    system.until_running()


def fork_servers(system: System) -> list[int]:
    return children_titled(system, "fork server")


def children_titled(system: System, title: str) -> list[int]:
    return [pid for pid, line in commands(system.status()["pid"]).items() if title in line]

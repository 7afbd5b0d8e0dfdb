"""Checks before a start or a reload: how long they may take, and who ends them (time by hand)."""

import os
import signal
from pathlib import Path
from typing import cast

import pytest

from lib.constants import NS_PER_SECOND, ExitCode
from supervisor.crew.preflight import CHECK_SECONDS, Preflight, Preflights
from supervisor.processes.child import Child
from tests.e2e.harness import until
from tests.supervisor.crew.test_crew import House
from tests.supervisor.processes.rig import SECONDS, Rig

LIMIT_NS = round(CHECK_SECONDS * NS_PER_SECOND)
BORN_NS = 5 * NS_PER_SECOND
BLOCKING = """\
import pathlib
import time

pathlib.Path(__file__).with_name("importing").touch()
time.sleep(10**6)
"""


class Process:
    """A child without a process: it ends when it is killed."""

    pid = pidfd = 3

    def __init__(self) -> None:
        self.signals: list[int] = []

    def send(self, number: int) -> None:
        self.signals.append(number)

    def reap(self) -> int | None:
        return -self.signals[-1] if self.signals else None

    def close(self) -> None:
        pass


def begun() -> tuple[Preflights, Preflight, Process]:
    """Return checks of which one runs."""
    checks = Preflights([("preflight:bots", {})])
    [check] = checks.unasked()
    process = Process()
    check.born(cast("Child", process), BORN_NS)
    return checks, check, process


def end_of(checks: Preflights) -> tuple[int, str]:
    [(check, code)] = checks.reap({Process.pidfd})
    return checks.verdict(check, code, "LOG")


def test_a_check_that_takes_too_long_is_killed_and_says_so() -> None:
    checks, _, process = begun()
    assert checks.deadline() == BORN_NS + LIMIT_NS

    checks.tick(BORN_NS + LIMIT_NS - 1)
    assert process.signals == []
    checks.tick(BORN_NS + LIMIT_NS)
    checks.tick(BORN_NS + LIMIT_NS + 1)

    assert process.signals == [signal.SIGKILL]
    assert checks.deadline() is None
    said = (ExitCode.ERROR, "preflight:bots did not end within 60 s; see LOG")
    assert end_of(checks) == said
    assert checks.passed


def test_our_own_sleep_is_not_held_against_a_check() -> None:
    checks, _, process = begun()

    checks.forgive(BORN_NS + LIMIT_NS)
    checks.tick(BORN_NS + LIMIT_NS)

    assert process.signals == []
    assert checks.deadline() == BORN_NS + 2 * LIMIT_NS


def test_a_check_that_nobody_waits_for_is_killed_without_a_verdict() -> None:
    checks, _, process = begun()
    assert checks.is_running

    checks.drop()

    assert process.signals == [signal.SIGKILL]
    assert checks.is_running
    assert end_of(checks) == (ExitCode.DONE, "")
    assert not checks.is_running


def test_a_check_that_is_born_too_late_is_killed_at_once() -> None:
    checks = Preflights([("preflight:bots", {}), ("preflight:exchange", {})])
    check = checks.unasked()[0]
    process = Process()

    checks.drop()
    check.born(cast("Child", process), BORN_NS)

    assert process.signals == [signal.SIGKILL]


def test_checks_that_were_never_begun_keep_nobody() -> None:
    checks = Preflights([("preflight:bots", {})])

    checks.drop()

    assert not checks.is_running


def blocked(folder: Path, rig: Rig) -> tuple[House, Child]:
    """Return a crew whose check loads a bot that never loads, and that check's process."""
    bot = folder / "blocking.py"
    bot.write_text(BLOCKING)
    house = House(folder, rig.spawner)
    house.crew.preflights = Preflights([("preflight:bots", {"bots": {str(bot): "blocking"}})])
    house.crew.start_checks()
    rig.until(house.crew.preflights.children)
    [child] = house.crew.preflights.children()
    return house, child


@pytest.mark.process
def test_a_bot_that_blocks_at_import_ends_the_check(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    try:
        house, child = blocked(tmp_path, rig)
        assert not child.wait(0)
        assert LIMIT_NS in list(house.crew.deadlines())

        house.timer.advance(CHECK_SECONDS)
        house.crew.tick(house.timer.Monotonic(), stopping=False)

        assert child.wait(SECONDS)
        house.crew.reap({child.pidfd})
        [verdict] = house.listener.verdicts
        assert verdict.startswith("preflight:bots did not end within 60 s; see ")
    finally:
        rig.close()


@pytest.mark.process
def test_no_check_is_left_when_everything_is_given_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    try:
        house, child = blocked(tmp_path, rig)
        watcher = os.pidfd_open(child.pid)

        house.crew.close()

        with pytest.raises(ProcessLookupError):
            signal.pidfd_send_signal(watcher, 0)
        os.close(watcher)
    finally:
        rig.close()


@pytest.mark.process
def test_a_check_does_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    try:
        _, child = blocked(tmp_path, rig)
        until("it is in the middle of the import", (tmp_path / "importing").exists)

        rig.cut_lifeline()

        assert child.wait(SECONDS)
    finally:
        rig.close()

"""Crash loops and what is decided about them; a system that runs out of something."""

import os
import resource
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.harness import System, make_system, sandbox, until
from tests.e2e.ill_bots import LOOP
from tests.e2e.matrix import events
from tests.e2e.test_acceptance_many import ANSWER, fork_servers

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ILL = f"{Path(__file__).with_name('ill_bots.py')}:IllBot"
GOOD = "bot:quoter:BTCUSDT"
SYMBOLS = ["ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "BNBUSDT"]
LOOP_SECONDS = 60.0
STARTS = 12
POLLED = 32
"""`poll` refuses more descriptors than the limit, whatever is open."""
FULL = 100_000
"""Bytes; longer than anything else that the supervisor writes."""


def system_of(project: str, triggers: Path, symbols: list[str], **changes: object) -> dict:
    bots = [
        {"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT"]},
        {"name": "ill", "bot": ILL, "symbols": symbols, "triggers": str(triggers)},
    ]
    return sandbox(project, bots=bots, **changes)


def wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    until("the time is over", lambda: time.monotonic() >= end, seconds + 5)


@pytest.mark.parametrize("on_failed", ["stop", "halt"])
def test_worker_that_will_not_heal_is_escalated_once(tmp_path: Path, on_failed: str) -> None:
    rules = {"limit": "2 in 60s", "backoff": "0..0.1s", "on_failed": on_failed}
    with make_system(
        system_of("escalate", tmp_path, SYMBOLS[:1], restart={"bot": rules})
    ) as system:
        system.start()
        (tmp_path / SYMBOLS[0]).write_text(LOOP)

        if on_failed == "stop":
            assert system.process is not None
            assert system.process.wait(30) == 1
            assert system.survivors() == []
        else:
            until("it is halted", lambda: any(map(is_halt, events(system, 0))))
            until("the good one quotes no more", lambda: not system.open_orders())
            assert system.worker(GOOD)["state"] == "ready"

        failed = [one for one in events(system, 0) if one["event"] == "failed"]
        assert [one["worker"] for one in failed] == [f"bot:ill:{SYMBOLS[0]}"]


def is_halt(event: dict) -> bool:
    return event["event"] == "halted"


@pytest.mark.long
def test_crash_loops_wait_longer_and_differently_and_disturb_nobody(tmp_path: Path) -> None:
    with make_system(
        system_of("loops", tmp_path, SYMBOLS, restart={"limit": "1000 in 60s", "backoff": "0..30s"})
    ) as system:
        system.start()
        good = system.worker(GOOD)["incarnation"]
        began_ns = time.time_ns()
        for symbol in SYMBOLS:
            (tmp_path / symbol).write_text(LOOP)

        wait(LOOP_SECONDS)

        starts: dict[str, list[float]] = defaultdict(list)
        for one in events(system, began_ns):
            if one["event"] == "started":
                starts[one["worker"]].append((one["at_ns"] - began_ns) / 1e9)
        assert starts.keys() == {f"bot:ill:{symbol}" for symbol in SYMBOLS}
        for times in starts.values():
            gaps = [after - before for before, after in pairwise(times)]
            assert len(times) <= STARTS
            assert gaps[-1] > 4 * gaps[0]
        lasts = sorted(round(times[-1], 2) for times in starts.values())
        assert len(set(lasts)) == len(lasts), lasts
        assert system.worker(GOOD)["incarnation"] == good

        for symbol in SYMBOLS:
            (tmp_path / symbol).unlink()
        system.until_running(60)  # never off for good


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    triggers = tmp_path_factory.mktemp("triggers")
    config = system_of("limits", triggers, SYMBOLS[:2], restart={"limit": "1000 in 60s"})
    with make_system(config) as made:
        yield made.start()


@pytest.fixture
def limited(system: System) -> Iterator[System]:
    """Lift, in the end, what a test has limited."""
    before = {
        (pid, which): resource.prlimit(pid, which)
        for pid in (system.until_running()["pid"], *fork_servers(system))
        for which in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
    }
    yield system
    for (pid, which), limits in before.items():
        try:
            resource.prlimit(pid, which, limits)
        except ProcessLookupError:
            continue
    system.until_running()


def lower(pid: int, which: int, soft: int) -> None:
    resource.prlimit(pid, which, (soft, resource.prlimit(pid, which)[1]))


def first_unused(pid: int) -> int:
    """Return the limit below which a process has no descriptor left; `poll` needs a few."""
    used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    return max(POLLED, next(number for number in range(1000) if number not in used))


def answers(system: System) -> bool:
    began = time.monotonic()
    return bool(system.try_status()) and time.monotonic() - began < ANSWER


def replaced_after_a_kill(system: System, name: str) -> None:
    before = system.worker(name)
    os.kill(before["pid"], signal.SIGKILL)
    system.until_replaced(before)


def test_supervisor_that_cannot_write_goes_on_supervising(limited: System) -> None:
    """As on a full disk: nothing can be added to its logs."""
    good = limited.worker(GOOD)["incarnation"]
    for name in ("supervisor.log", "events.jsonl"):
        with (limited.log_dir / name).open("a") as log:
            log.write("\n" * FULL)
    lower(limited.status()["pid"], resource.RLIMIT_FSIZE, FULL)

    replaced_after_a_kill(limited, f"bot:ill:{SYMBOLS[0]}")

    assert answers(limited)
    assert limited.worker(GOOD)["incarnation"] == good


@pytest.mark.parametrize("whose", ["supervisor", "fork server"])
def test_process_without_descriptors_loses_no_worker(limited: System, whose: str) -> None:
    name = f"bot:ill:{SYMBOLS[0]}"
    good = limited.worker(GOOD)["incarnation"]
    status = limited.status()
    pid = status["pid"] if whose == "supervisor" else fork_servers(limited)[0]
    before = limited.worker(name)
    allowed = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    lower(pid, resource.RLIMIT_NOFILE, first_unused(pid))

    os.kill(before["pid"], signal.SIGKILL)
    wait(2)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, allowed)

    limited.until_replaced(before)
    assert limited.status()["pid"] == status["pid"]
    assert limited.worker(GOOD)["incarnation"] == good

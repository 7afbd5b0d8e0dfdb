"""A minute (with --long: ten) of random faults: all heals, nothing leaks, nothing is left."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import ROOT

pytestmark = [pytest.mark.e2e]

LONGEST_GAP = 15.0
"""Seconds without data in a bot: five times what the worst fault takes on a quiet machine."""
LEAK_KB_PER_MINUTE = 600.0
"""Growth of the supervisor's own memory; what it forks has caches to fill."""


def soak(folder: Path, *arguments: str) -> dict[str, Any]:
    found = folder / "found.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "soak", "--json", str(found), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    facts: dict[str, Any] = json.loads(found.read_text())
    for one in facts["rounds"]:
        assert one["healed"], one
        assert max(one["gaps"].values()) < LONGEST_GAP, one
    assert facts["survivors"] == []
    return facts


@pytest.mark.timeout(180)
def test_minute_of_random_faults_heals(tmp_path: Path) -> None:
    facts = soak(
        tmp_path, "--minutes", "1", "--every", "10", "--rate", "10", "--seed", str(os.getpid())
    )

    assert len(facts["longest_s"]) == 20


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_minutes_of_random_faults_leak_nothing(tmp_path: Path) -> None:
    facts = soak(tmp_path, "--minutes", "10")

    supervisor = facts["growth"]["supervisor"]
    assert supervisor["kb_per_minute"] < LEAK_KB_PER_MINUTE
    low, high = supervisor["descriptors"]
    assert high - low < 10

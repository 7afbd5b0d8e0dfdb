"""How benchmarks are found and run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main

ROOT = Path(__file__).parent.parent.parent


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert re.search(r"^  bus +The bus beside raw pyzmq", capsys.readouterr().out, re.MULTILINE)


def test_an_unknown_name_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bsu"]) == 2
    assert capsys.readouterr().err == "benchmarks: there is no benchmark 'bsu'\n"


@pytest.mark.process
def test_the_bus_is_measured_beside_raw_pyzmq() -> None:
    small = ["--messages", "500", "--paced", "50", "--rounds", "1"]

    result = subprocess.run(
        [sys.executable, "-m", "benchmarks", "bus", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )

    _, header, *rows = result.stdout.splitlines()
    assert header.split() == ["ours", "raw", "cost"]
    assert len(rows) == 6
    assert all(re.search(r"\d+\.\d\dx$", row) for row in rows)

"""What a worker prints, seen from outside."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
OPEN = "import os, sys; from workers.output import open_output; open_output(); "


def run(code: str, out: Path) -> int:
    with out.open("ab") as file:
        return subprocess.run(
            [sys.executable, "-c", OPEN + code],
            cwd=ROOT,
            stdout=file,
            stderr=file,
            timeout=30,
            check=False,
        ).returncode


def test_print_of_a_worker_that_is_killed_is_in_its_log(tmp_path: Path) -> None:
    code = run("print('seen'); os.kill(os.getpid(), 9)", tmp_path / "log")

    assert code == -signal.SIGKILL
    assert (tmp_path / "log").read_text() == "seen\n"


def test_full_disk_ends_no_worker() -> None:
    everything = (
        "print('lost'); sys.stderr.write('lost'); sys.stdout.write('x'); print('é' * 99999)"
    )

    assert run(everything, Path("/dev/full")) == 0


def test_crash_in_c_leaves_its_traceback(tmp_path: Path) -> None:
    code = run("import ctypes; ctypes.string_at(0)", tmp_path / "log")

    assert code == -signal.SIGSEGV
    text = (tmp_path / "log").read_text()
    assert text.startswith("Fatal Python error: Segmentation fault")
    assert "string_at" in text


def test_text_that_is_none_is_written_all_the_same(tmp_path: Path) -> None:
    assert run("print('\\udcff')", tmp_path / "log") == 0
    assert (tmp_path / "log").read_text() == "\\udcff\n"

"""What the processes of a dead run have started is known by the run's nonce."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from lib.timer import LiveTimer
from supervisor.processes.leftovers import VARIABLE, end_leftovers, new_nonce

SLEEPER = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]


def start(**environment: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        SLEEPER,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_who_carries_the_former_nonce_is_ended_and_nobody_else(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    nonce = new_nonce(tmp_path)
    with start(**{VARIABLE: nonce}) as ours, start(**{VARIABLE: new_nonce(other)}) as stranger:
        ended = end_leftovers(tmp_path, LiveTimer(), 0)

        assert len(ended) == 1
        assert ours.wait(10) == -signal.SIGKILL
        assert stranger.poll() is None
        assert stranger.stdin is not None
        stranger.stdin.close()
        assert stranger.wait(10) == 0


def test_a_folder_without_a_run_has_no_leftovers(tmp_path: Path) -> None:
    assert end_leftovers(tmp_path, LiveTimer(), 0) == []

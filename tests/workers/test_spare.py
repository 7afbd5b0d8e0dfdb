"""What a spare worker has done before it lives leaves no trace in the bot's process."""

import subprocess
import sys

import pytest

from workers.main import reseed

SCRIPT = """
import asyncio, os, sys
from workers.spare import rehearse
before = set(os.listdir("/proc/self/fd"))
rehearse()
assert set(os.listdir("/proc/self/fd")) == before, "descriptors"
assert len(os.listdir("/proc/self/task")) == 1, "threads"
asyncio.get_event_loop().close()
"""


@pytest.mark.process
def test_a_rehearsal_leaves_no_thread_no_descriptor_and_the_usual_event_loop() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_two_lives_draw_the_same_random_numbers_of_numpy() -> None:
    random = pytest.importorskip("numpy.random")
    random.seed(1)
    first = random.random()
    random.seed(1)
    reseed()
    assert random.random() != first

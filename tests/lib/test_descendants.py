"""A process ends what it has started."""

import subprocess
import sys

from tests.processes import lives

NOBODY = "from lib.descendants import end_descendants; print(end_descendants())"
PARENT = """\
import subprocess, sys
from lib.descendants import end_descendants
inner = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
child = subprocess.Popen([sys.executable, "-c", inner], stdin=subprocess.PIPE)
import psutil
while len(found := psutil.Process().children(recursive=True)) < 2:
    pass
print(*(one.pid for one in found), end_descendants())
"""


def said(program: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return [int(word) for word in done.stdout.split()]


def test_children_and_their_children_are_gone() -> None:
    *pids, count = said(PARENT)

    assert count == len(pids) == 2
    for pid in pids:
        assert not lives(pid)


def test_a_process_without_children_has_nothing_to_end() -> None:
    assert said(NOBODY) == [0]

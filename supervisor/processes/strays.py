"""Children that nobody knows: what a dead worker left behind, adopted by us as subreaper."""

import contextlib
import signal
from collections.abc import Collection
from pathlib import Path

from supervisor.processes.child import Child

TASKS = Path("/proc/self/task")
WAIT_SECONDS = 1.0


def children() -> set[int]:
    """Return the pids of our children, as far as there are descriptors to read them."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in TASKS.iterdir():
            with contextlib.suppress(OSError):
                found.update(int(pid) for pid in (task / "children").read_text().split())
    return found


def end_strays(known: Collection[int]) -> list[int]:
    """Reap dead children and end living ones that are not `known`; return the latter's pids."""
    ended = []
    for pid in children().difference(known):
        with contextlib.suppress(OSError):
            child = Child.of(pid)
            try:
                if child.reap() is None:
                    child.send(signal.SIGKILL)
                    child.wait(WAIT_SECONDS)
                    child.reap()
                    ended.append(pid)
            finally:
                child.close()
    return ended

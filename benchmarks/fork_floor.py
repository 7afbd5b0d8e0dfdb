"""What a restart costs at least here: a bare child of the same size, killed and forked again.

`python -m benchmarks.fork_floor COUNT` prints JSON: `exited`, ms from SIGKILL to the kernel's word
that the child is gone; `started`, ms for the two forks of its replacement. No supervisor, no bus.
"""

import gc
import json
import os
import select
import signal
import sys
import time

from benchmarks.table import percentile
from workers.forkserver import MODULES, preload


def _born() -> int:
    read_end, write_end = os.pipe()
    middle = os.fork()
    if middle == 0:
        child = os.fork()
        if child == 0:
            signal.pause()
        os.write(write_end, child.to_bytes(4, "little"))
        os._exit(0)
    os.close(write_end)
    child = int.from_bytes(os.read(read_end, 4), "little")
    os.close(read_end)
    os.waitpid(middle, 0)
    return child


def main(count: int) -> None:
    """Measure, print."""
    preload(MODULES)
    gc.collect()
    gc.freeze()
    exited, started = [], []
    child = _born()
    for _ in range(count):
        gone = os.pidfd_open(child)
        killed_ns = time.perf_counter_ns()
        os.kill(child, signal.SIGKILL)
        select.select([gone], [], [])
        gone_ns = time.perf_counter_ns()
        os.close(gone)
        child = _born()
        started.append((time.perf_counter_ns() - gone_ns) / 1e6)
        exited.append((gone_ns - killed_ns) / 1e6)
    os.kill(child, signal.SIGKILL)
    found = {name: [percentile(of, 50), percentile(of, 100)] for name, of in (
        ("exited", exited), ("started", started),
    )}  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""The first lines of every worker's life, forked or executed."""

import importlib
import os
import random
import signal
import sys
import traceback
from pathlib import Path

import msgspec
import setproctitle

from lib.bus.start import Start, read_start
from lib.constants import ExitCode
from lib.descendants import end_descendants
from lib.watchdog import Watchdog
from workers.output import open_output

STDOUT, STDERR = 1, 2
NUMPY_RANDOM = "numpy.random"
EJECTOR = "lib.async_ejector"
FLUSH_SECONDS = 0.5
"""What the last records may take; those that do not make it are spooled."""


def live(start_fd: int, lifeline_fd: int) -> int:
    """Read the start record, run the worker it names, return its exit code."""
    open_output()
    start = msgspec.structs.replace(read_start(start_fd), lifeline_fd=lifeline_fd)
    if start.nice:
        os.nice(start.nice)
    if start.cpus:
        os.sched_setaffinity(0, start.cpus)
    setproctitle.setproctitle(f"tickvisor {start.project}: {start.name}")
    return run(start)


def run(start: Start) -> int:
    """Run the worker that a start record names; a crash is printed with its traceback."""
    Watchdog.host()
    try:
        code: int = importlib.import_module(f"workers.{start.kind}").main(start)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else ExitCode.ERROR
    except BaseException:  # noqa: BLE001 - the very top level of a process
        traceback.print_exc()
        code = ExitCode.ERROR
    Watchdog.run_hosted()
    if EJECTOR in sys.modules:  # a worker that wrote nothing to a database has nothing to flush
        sys.modules[EJECTOR].flush(FLUSH_SECONDS)
    # a supervisor would see to it; there may be none any more
    end_descendants()
    return code


def born(start_fd: int, lifeline_fd: int, log_fd: int) -> int:
    """Turn a freshly forked process into a worker and run it; return its exit code."""
    become_worker(start_fd, lifeline_fd, log_fd)
    return live(start_fd, lifeline_fd)


def become_worker(start_fd: int, lifeline_fd: int, log_fd: int) -> None:
    """Leave the fork server's session, signals, descriptors and random numbers behind."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _keep_only(start_fd, lifeline_fd, log_fd)
    reseed()


def reseed() -> None:
    """Draw other random numbers than all the other forks."""
    random.seed()
    if NUMPY_RANDOM in sys.modules:
        sys.modules[NUMPY_RANDOM].seed()


def write_to(log_fd: int) -> None:
    """Have what this process prints written to its log."""
    os.dup2(log_fd, STDOUT)
    os.dup2(log_fd, STDERR)


def _keep_only(start_fd: int, lifeline_fd: int, log_fd: int) -> None:
    # A child that keeps a sibling's descriptor keeps it alive: a lock, a lifeline, a socket.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    write_to(log_fd)
    kept = {0, STDOUT, STDERR, start_fd, lifeline_fd}
    for number in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if number not in kept:
            try:
                os.close(number)
            except OSError:
                continue  # the listing's own descriptor


def main() -> int:
    """Run as `python -m workers.main START_FD LIFELINE_FD`: the way in without a fork server."""
    start_fd, lifeline_fd = (int(text) for text in sys.argv[1:3])
    return live(start_fd, lifeline_fd)


if __name__ == "__main__":
    sys.exit(main())

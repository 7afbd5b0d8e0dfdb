"""One run from lock to goodbye: everything around the supervisor's loop."""

import contextlib
import os
import sys
from collections.abc import Iterator

from lib.bus.endpoints import HEARTBEAT, LIFECYCLE, ipc
from lib.folders import log_path, make_run_dir, make_state_dir
from lib.timer import AbstractTimer, LiveTimer
from supervisor.config.plan import Plan
from supervisor.crew.births import Births, Places
from supervisor.crew.crew import Tools
from supervisor.keeping import make_history
from supervisor.lock import RunLock, clear, next_epoch
from supervisor.options import Options
from supervisor.processes.descriptors import raise_limit
from supervisor.processes.leftovers import VARIABLE, end_leftovers, new_nonce
from supervisor.processes.spawner import Spawner, become_subreaper
from supervisor.supervisor import Supervisor

HEAVY = {"influxdb_client": "InfluxDb", "psycopg": "TimescaleDb", "hvac": "HashicorpVault"}
"""Modules worth importing before the fork, by the adapter that needs them."""


def run(plan: Plan, files: tuple[str, ...], options: Options) -> int:
    """Run a plan until it has stopped; return the exit code.

    Args:
        plan: What to run.
        files: The configuration files, for `status`.
        options: How.

    Raises:
        AlreadyRunning: The project runs already.
        ConfigError: A socket's path would be too long.
        TickvisorError: A folder cannot be used.
        OSError: The system refuses a socket or a process.
    """
    timer = LiveTimer()
    # What can fail comes before the lock, which would stay where nothing runs.
    state_dir = make_state_dir(plan.project)
    run_dir = make_run_dir(plan.project)
    for name in (HEARTBEAT, LIFECYCLE):
        ipc(run_dir, name)
    lock = RunLock(run_dir, timer)
    lock.take()
    # After a crash of ours the folder stays: our workers still need its sockets to clean up.
    code = _run(plan, Places(run_dir, state_dir, files), options, timer)
    clear(run_dir)
    lock.release()
    with contextlib.suppress(OSError):
        run_dir.rmdir()
    return code


def _run(plan: Plan, places: Places, options: Options, timer: AbstractTimer) -> int:
    become_subreaper()
    # Each worker costs us three descriptors, and libzmq aborts where there is none.
    open_files = raise_limit()
    with log_path(plan.project).open("a") as log, _lifeline() as lifeline_fd:
        epoch = next_epoch(places.state_dir, timer.Timestamp())
        history = make_history(plan, epoch, log, options, timer, os.environ)
        environment = dict(os.environ)
        for name in end_leftovers(places.run_dir, timer):
            history.add(name, "ended", "left behind by a former run")
        clear(places.run_dir)
        environment[VARIABLE] = new_nonce(places.run_dir)
        births = Births(plan, places, epoch, environment)
        spawner = Spawner(
            births.public_environment,
            lifeline_fd,
            _preload(plan),
            log_path(plan.project, "forkserver"),
            open_files,
        )
        history.add("supervisor", "started", pid=os.getpid(), run=epoch)
        tools = Tools(births, spawner, history, timer)
        supervisor = Supervisor(plan, options, epoch, tools)
        try:
            code = supervisor.run()
        finally:
            supervisor.close()
            history.close()
    for order in supervisor.ending.kept:
        sys.stderr.write(f"left open on purpose: {order}\n")
    if supervisor.ending.error:
        sys.stderr.write(f"supervisor: {supervisor.ending.error}\n")
    return code


def _preload(plan: Plan) -> list[str]:
    # Only what this plan uses: importing takes half a second each.
    used = {str(worker.config["factory"]) for worker in plan.workers}
    live = any("LiveFactory" in text for text in used)
    wanted = {module for module, name in HEAVY.items() if any(name in text for text in used)}
    return sorted(wanted | ({"influxdb_client"} if live else set()) | set(plan.preload))


@contextlib.contextmanager
def _lifeline() -> Iterator[int]:
    """Yield the read end of a pipe that closes when this process ends, however it ends."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)

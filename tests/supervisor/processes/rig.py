"""A spawner with what it needs, driven by polls with a deadline."""

import os
import select
from collections.abc import Callable
from pathlib import Path

from lib.bus.start import Start, encode_start
from supervisor.processes.child import Child
from supervisor.processes.spawner import Spawner

SECONDS = 20.0
OPEN_FILES = 500
"""Soft limit of descriptors that the processes are given."""


class Rig:
    """See the module."""

    def __init__(self, folder: Path, *preload: str) -> None:
        self.folder = folder
        self.lifeline, self.ours = os.pipe2(os.O_CLOEXEC)
        places = f"{folder}:{Path(__file__).parents[3]}"
        environment = {**os.environ, "PYTHONPATH": places}
        log = folder / "forkserver.log"
        self.spawner = Spawner(environment, self.lifeline, preload, log, OPEN_FILES)
        self.born: list[tuple[int | None, str]] = []

    def start_server(self) -> None:
        self.spawner.start_server()
        self.until(lambda: self.spawner.ready)

    def until(self, condition: Callable[[], object]) -> None:
        poller = select.poll()
        for _ in range(200):
            if condition():
                return
            if self.spawner.fileno() >= 0:
                poller.register(self.spawner.fileno(), 1)
            poller.poll(SECONDS * 1000 / 200)
            self.spawner.receive()
        raise AssertionError("did not happen in time")

    def spawn(self, kind: str = "preflight") -> Child:
        start = Start(
            name="preflight:test",
            kind=kind,
            project="test",
            run_dir=str(self.folder),
            state_dir=str(self.folder),
            incarnation=1,
            epoch=1,
            config={"bots": {}},
            streams=[],
            roster=[],
            heartbeat_ns=1,
        )
        self.born.clear()
        self.spawner.spawn(
            "preflight:test",
            encode_start(start),
            self.folder / "worker.log",
            lambda pid, error: self.born.append((pid, error)),
        )
        self.until(lambda: self.born)
        [(pid, error)] = self.born
        assert pid is not None, error
        return Child.of(pid)

    def order_spare(self) -> int:
        self.spawner.order_spare()
        self.until(lambda: self.spawner.spare)
        assert self.spawner.spare is not None
        return self.spawner.spare.child.pid

    def cut_lifeline(self) -> None:
        os.close(self.ours)
        self.ours = -1

    def end_of(self, child: Child) -> int:
        assert child.wait(SECONDS)
        code = child.reap()
        assert code is not None
        child.close()
        return code

    def close(self) -> None:
        self.spawner.close()
        os.close(self.lifeline)
        if self.ours >= 0:
            os.close(self.ours)

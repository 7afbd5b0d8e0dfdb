"""The supervisor as the first process of a container: a PID namespace of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.harness import ROOT, SUPERVISOR, System, make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
SECONDS = 60.0


class Container(System):
    """A run in a PID namespace of its own; what it calls its pids mean nothing out here."""

    def enter(self) -> "Container":
        """Start it and wait until all is ready."""
        with (self.folder / "out").open("a") as out:
            self.process = subprocess.Popen(
                [*UNSHARE, *SUPERVISOR, "start", str(self.config)],
                env=self.environment,
                cwd=ROOT,
                stdout=out,
                stderr=out,
                text=True,
            )
        self.until_running(SECONDS)
        return self

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.request(command="status")["status"]
        return status

    def survivors(self) -> list[int]:
        return []  # none of the pids seen is ours to look at: the kernel ends them with pid 1

    @property
    def init(self) -> psutil.Process:
        """The supervisor, as it is seen from outside."""
        assert self.process is not None
        [child] = psutil.Process(self.process.pid).children()
        return child


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    trial = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        pytest.skip(f"no PID namespace here: {trial.stderr.strip()}")
    config = sandbox("container")
    config["bots"] = [{"name": "watcher", "bot": "SandboxBot", "symbols": ["BTCUSDT"]}]
    with make_system(config) as made:
        made.__class__ = Container
        yield made.enter()  # type: ignore[attr-defined]


def inside(container: Container, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the namespace, as `docker exec` does."""
    return subprocess.run(
        ["nsenter", f"--target={container.init.pid}", "--pid", "--mount", *words],
        env=container.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_it_is_the_first_process_and_answers_its_health_check(container: Container) -> None:
    assert container.status()["pid"] == 1
    assert inside(container, sys.executable, "-m", "supervisor", "status", "--json").returncode == 0


def test_what_is_orphaned_is_reaped(container: Container) -> None:
    pids = container.folder / "orphan"
    # its parent ends at once, and it a moment later
    inside(container, "sh", "-c", f"(sh -c 'echo $$ > {pids}; exec sleep 0.2' &)")

    until("the orphan was there", lambda: pids.exists() and pids.read_text())
    until("nothing is left of it", lambda: _zombies(container.init) == [])
    assert container.status()["state"] in ("running", "degraded")


def test_a_killed_worker_is_replaced(container: Container) -> None:
    before = container.worker("bot:watcher:BTCUSDT")

    inside(container, "sh", "-c", f"kill -9 {before['pid']}")

    container.until_replaced(before, SECONDS)


def test_it_can_be_killed_and_started_again(container: Container) -> None:
    container.init.kill()
    assert container.process is not None
    container.process.wait(SECONDS)

    container.enter()

    assert container.status()["pid"] == 1
    events = container.run("events", "--level", "error").stdout
    assert "was killed" in events


def test_stop_of_the_container_is_an_orderly_one(container: Container) -> None:
    assert container.process is not None

    os.kill(container.init.pid, signal.SIGTERM)

    assert container.process.wait(SECONDS) == 0, container.logs()
    assert not Path(container.run_dir).exists()
    ends = container.run("events", "--worker", "bot:*", "-n", "1").stdout
    assert "exited: requested  code=0" in ends


def _zombies(init: psutil.Process) -> list[int]:
    return [one.pid for one in init.children() if one.status() == psutil.STATUS_ZOMBIE]

"""What systemd is told: by the protocol of sd_notify, at a socket of its kind."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.service_manager import ServiceManager

SECOND = 1_000_000_000


class Ear:
    """The service manager's socket."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{path[1:]}" if path.startswith("@") else path)
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "9000000"}

    def heard(self) -> list[str]:
        """Return the lines that came."""
        found: list[str] = []
        while True:
            try:
                found += self.socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return found


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    made = Ear(str(tmp_path / "notify"))
    yield made
    made.socket.close()


def test_ready_is_told_once_and_not_before_all_are(ear: Ear) -> None:
    manager = ServiceManager(ear.environment, 0)

    manager.tick(0, "starting", "starting: 1 of 2")
    assert "READY=1" not in ear.heard()
    manager.tick(SECOND, "running", "running: 2 of 2")
    assert "READY=1" in ear.heard()
    manager.tick(2 * SECOND, "degraded", "degraded: 1 of 2")
    manager.tick(3 * SECOND, "running", "running: 2 of 2")

    assert "READY=1" not in ear.heard()
    manager.close()


def test_run_with_an_ill_worker_is_up_after_a_while(ear: Ear) -> None:
    manager = ServiceManager(ear.environment, 0)

    manager.tick(29 * SECOND, "starting", "")
    assert "READY=1" not in ear.heard()
    manager.tick(31 * SECOND, "starting", "")

    assert "READY=1" in ear.heard()
    manager.close()


def test_watchdog_is_fed_three_times_in_its_time(ear: Ear) -> None:
    manager = ServiceManager(ear.environment, 0)

    fed = []
    for tenth in range(91):
        manager.tick(tenth * SECOND // 10, "running", "")
        fed += [tenth / 10] * ear.heard().count("WATCHDOG=1")

    assert fed == [0.0, 3.0, 6.0, 9.0]
    manager.close()


def test_status_is_told_when_it_changes(ear: Ear) -> None:
    manager = ServiceManager(ear.environment, 0)

    for second, words in enumerate(["a", "a", "b", "b"]):
        manager.tick(second, "running", words)

    assert [line for line in ear.heard() if line.startswith("STATUS")] == ["STATUS=a", "STATUS=b"]
    manager.close()


def test_stopping_is_told_once_and_the_watchdog_is_fed_meanwhile(ear: Ear) -> None:
    manager = ServiceManager(ear.environment, 0)
    manager.tick(0, "running", "")
    ear.heard()

    for second in range(5):
        manager.tick(second * SECOND, "stopping", "")

    heard = ear.heard()
    assert heard.count("STOPPING=1") == 1
    assert heard.count("WATCHDOG=1") == 1
    manager.close()


def test_what_could_not_be_told_is_told_again(ear: Ear, tmp_path: Path) -> None:
    manager = ServiceManager(ear.environment, 0)
    (tmp_path / "notify").rename(tmp_path / "away")

    manager.tick(0, "running", "x")
    (tmp_path / "away").rename(tmp_path / "notify")
    manager.tick(1, "running", "x")

    assert ear.heard() == ["READY=1", "WATCHDOG=1", "STATUS=x"]
    manager.close()


def test_socket_may_have_an_abstract_name() -> None:
    ear = Ear(f"@tickvisor-test-{os.getpid()}")
    manager = ServiceManager(ear.environment, 0)

    manager.tick(0, "running", "")

    assert "READY=1" in ear.heard()
    manager.close()
    ear.socket.close()


def test_without_a_service_manager_nothing_happens() -> None:
    manager = ServiceManager({}, 0)

    manager.tick(0, "running", "x")

    assert not manager.listens
    manager.close()


def test_watchdog_of_another_process_is_not_ours(ear: Ear) -> None:
    manager = ServiceManager({**ear.environment, "WATCHDOG_PID": "1"}, 0)

    manager.tick(0, "running", "")

    assert "WATCHDOG=1" not in ear.heard()
    manager.close()

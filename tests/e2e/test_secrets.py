"""Exchange keys are in the exchange worker, and nowhere else."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.harness import BOTS, System, make_system, sandbox, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue
from tests.e2e.test_paper import prod_against

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def binance() -> Iterator[OuterVenue]:
    with make_outer_venue("--seed", "5", "--active", "BTCUSDT,ETHUSDT") as venue:
        yield venue


@pytest.fixture(scope="module")
def system(binance: OuterVenue) -> Iterator[System]:
    with make_system(sandbox("prod")) as made:
        peeking = {
            "name": "peeking",
            "bot": f"{BOTS}:PeekingBot",
            "symbols": ["ETHUSDT"],
            "seen": str(made.folder / "seen"),
        }
        quoter = {"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT"]}
        yield made.start(*prod_against(binance, made, [peeking, quoter]))


def secrets_of(venue: OuterVenue) -> tuple[bytes, bytes]:
    return venue.key.encode(), venue.secret.encode()


def others(system: System) -> list[psutil.Process]:
    """Return all processes of the run but the supervisor's own and the exchange worker."""
    supervisor = system.status()["pid"]
    exchange = system.worker("exchange")["pid"]
    children = psutil.Process(supervisor).children(recursive=True)
    return [child for child in children if child.pid != exchange]


def test_no_other_process_has_them_in_its_environment_or_command_line(
    system: System, binance: OuterVenue
) -> None:
    processes = others(system)
    assert len(processes) >= 5  # fork server, two streams, two bots
    for process in processes:
        for name in ("environ", "cmdline"):
            content = Path(f"/proc/{process.pid}/{name}").read_bytes()
            for secret in secrets_of(binance):
                assert secret not in content, f"{name} of {process}"
        assert b"BINANCE_KEY" not in Path(f"/proc/{process.pid}/environ").read_bytes()


def test_no_bot_is_given_them(system: System, binance: OuterVenue) -> None:
    seen = system.folder / "seen"
    until("the bot has looked around", seen.exists)
    content = seen.read_bytes()
    assert b"rest_url" in content
    for secret in secrets_of(binance):
        assert secret not in content


def test_no_other_process_has_them_in_its_memory(system: System, binance: OuterVenue) -> None:
    exchange = system.worker("exchange")["pid"]
    try:
        assert holds(exchange, binance.secret.encode())
    except PermissionError:
        pytest.skip("this kernel lets nobody look into other processes")
    for process in others(system):
        assert not any(holds(process.pid, secret) for secret in secrets_of(binance)), process


def holds(pid: int, secret: bytes) -> bool:
    """Return whether a process's writable memory holds some bytes."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                content = os.pread(memory.fileno(), end - start, start)
            except OSError:
                continue
            if secret in content:
                return True
    return False


def test_a_replaced_bot_does_not_get_them_either(system: System, binance: OuterVenue) -> None:
    before = system.worker("bot:peeking:ETHUSDT")
    (system.folder / "seen").unlink()

    assert system.run("restart", "exchange", "bot:peeking:ETHUSDT").returncode == 0

    system.until_replaced(before)
    test_no_bot_is_given_them(system, binance)
    test_no_other_process_has_them_in_its_environment_or_command_line(system, binance)


def test_no_file_of_the_run_has_them(system: System, binance: OuterVenue) -> None:
    status = system.run("status", "--json").stdout.encode()
    assert system.run("stop").returncode == 0
    assert system.process is not None
    system.process.wait(30)

    for path in [path for path in system.folder.rglob("*") if path.is_file()]:
        for secret in secrets_of(binance):
            assert secret not in path.read_bytes(), path
    for secret in secrets_of(binance):
        assert secret not in status

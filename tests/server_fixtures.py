"""Fixtures of the real servers; a test that needs one which is not installed is skipped."""

from collections.abc import Iterator

import pytest

from tests import servers
from tests.influx_gate import InfluxGate, influx_gate


def need(*names: str) -> None:
    """Skip the test unless all of these are installed."""
    absent = servers.missing(*names)
    if absent:
        pytest.skip(f"not installed: {absent} (python -m tests.servers install)")


@pytest.fixture(scope="session")
def influx_server() -> Iterator[servers.Server]:
    """InfluxDB 1.x with a database `bots`, shared by all tests: use a project of your own."""
    need("influxd")
    with servers.influx() as server:
        yield server


@pytest.fixture
def gate(influx_server: servers.Server) -> Iterator[InfluxGate]:
    """Door before it that speaks v2 and has faults."""
    with influx_gate(influx_server.url) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Server]:
    """PostgreSQL, shared by all tests."""
    need("postgres", "psycopg")
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def timescale_server() -> Iterator[servers.Server]:
    """TimescaleDB in WebAssembly, shared by all tests; takes one connection at a time."""
    need("timescale", "psycopg")
    with servers.timescale() as server:
        yield server


@pytest.fixture(scope="session")
def bao_server() -> Iterator[servers.Server]:
    """OpenBao in development mode, shared by all tests."""
    need("bao", "hvac")
    with servers.bao() as server:
        yield server

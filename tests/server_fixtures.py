"""Fixtures of the real servers.

A test that needs one which is not installed is skipped, saying what is missing; where
TICKVISOR_REQUIRE_SERVERS is set, as `scripts/test --servers` does, it fails instead.
"""

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests import servers
from tests.influx_gate import InfluxGate, influx_gate
from tests.server_packages import missing

REQUIRE = "TICKVISOR_REQUIRE_SERVERS"


def need(*names: str) -> None:
    """Give up the test unless all of these are installed."""
    if absent := missing(*names):
        give_up(f"not installed: {absent} (scripts/test --servers installs it)")


def give_up(reason: str) -> NoReturn:
    """Skip the test, or fail it where servers are required."""
    if os.environ.get(REQUIRE):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


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

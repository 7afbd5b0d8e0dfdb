"""Servers and configs for the databases' tests."""

import itertools

import pytest

from tests.server_fixtures import (  # noqa: F401 - fixtures
    gate,
    influx_server,
    postgres_server,
    timescale_server,
)

_projects = itertools.count()


@pytest.fixture
def config() -> dict[str, object]:
    """Merged config of one bot; its project is new for every test, so servers can be shared."""
    return {"project": f"test{next(_projects)}", "name": "quoter", "symbol": "BTCUSDT"}

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lib.factory import SandboxFactory
from lib.logger import AbstractLogger
from tests.lib.stream.binance.feed import Feed


class ListLogger(AbstractLogger):
    """Keeps what it is told."""

    lines: list[tuple[str, str, dict[str, Any]]]

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        type(self).lines.append((level, message, fields))


@pytest.fixture
def lines() -> list[tuple[str, str, dict[str, Any]]]:
    """Log lines of the test: (level, message, fields)."""
    ListLogger.lines = []
    return ListLogger.lines


@pytest.fixture
def factory(lines: list[Any]) -> SandboxFactory:
    """Factory whose logger keeps its lines."""
    factory = SandboxFactory({})
    factory.Logger = ListLogger
    return factory


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    async with Feed() as feed:
        yield feed

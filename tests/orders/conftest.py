"""What most sections' tests start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.orders.benches import free_bench
from tests.workers.exchange_bench import Bench


@pytest.fixture
async def bench(run_dir: Path) -> AsyncIterator[Bench]:
    """A worker that is ready, and one living bot."""
    async with free_bench(run_dir) as made:
        await made.ready()
        await made.hello()
        yield made

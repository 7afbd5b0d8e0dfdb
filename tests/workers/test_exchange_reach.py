"""What the exchange worker says of its line while it may not ask."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lib.constants import NS_PER_SECOND
from lib.exchange.binance.gateway import BinanceGateway
from lib.timer import LiveTimer
from workers.exchange_reach import REST, Reach

TIMER = LiveTimer()


@pytest.fixture
async def reach() -> AsyncIterator[Reach]:
    made = Reach(TIMER, lambda work, name: asyncio.get_running_loop().create_task(work, name=name))
    made.gateway = BinanceGateway({"rest_url": "http://127.0.0.1:9"}, TIMER)
    yield made
    await made.gateway.close()


async def test_silence_counts_from_birth(reach: Reach) -> None:
    assert 0 <= reach.links()[REST] < 5 * NS_PER_SECOND


async def test_a_ban_is_no_silence_of_the_exchange(reach: Reach) -> None:
    assert reach.gateway is not None
    now_ns = reach.gateway.now_ns()

    reach.gateway.budget.block("weight", now_ns + 60 * NS_PER_SECOND)

    assert reach.is_held()
    assert reach.links() == {}


async def test_a_used_up_weight_limit_is_no_silence_either(reach: Reach) -> None:
    assert reach.gateway is not None

    reach.gateway.budget.on_used("weight", 2_300, reach.gateway.now_ns())

    assert reach.links() == {}

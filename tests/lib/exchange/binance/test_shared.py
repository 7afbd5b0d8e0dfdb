"""One question for all who asked before it left."""

import asyncio

import pytest

from lib.errors import ExchangeUnavailable
from lib.exchange.binance.shared import Shared


async def test_all_who_wait_share_the_next_question_and_none_gets_an_older_answer() -> None:
    shared: Shared[int] = Shared()
    asked = 0
    gate = asyncio.Event()

    async def ask() -> int:
        nonlocal asked
        asked += 1
        mine = asked
        await gate.wait()
        return mine

    first = asyncio.create_task(shared.get("X", ask))
    await asyncio.sleep(0)
    later = [asyncio.create_task(shared.get("X", ask)) for _ in range(5)]
    other = asyncio.create_task(shared.get("Y", ask))
    await asyncio.sleep(0)
    gate.set()
    assert await first == 1
    # they came after the first question had left: its answer may be too old for them
    assert await asyncio.gather(*later) == [3] * 5
    assert await other == 2


async def test_an_error_is_for_who_asked_and_the_next_one_asks_again() -> None:
    shared: Shared[int] = Shared()

    async def fail() -> int:
        raise ExchangeUnavailable("away")

    async def answer() -> int:
        return 7

    with pytest.raises(ExchangeUnavailable):
        await shared.get("X", fail)
    assert await shared.get("X", answer) == 7

"""The timers: contract, and what is the virtual one's own."""

import asyncio
import time

import pytest

from lib.constants import NS_PER_SECOND
from lib.timer import AbstractTimer, LiveTimer, VirtualTimer
from tests.contracts.timer import TimerContract


class TestLiveTimer(TimerContract):
    @pytest.fixture
    def timer(self) -> AbstractTimer:
        return LiveTimer()

    def test_it_is_the_host_s_clock(self, timer: AbstractTimer) -> None:
        assert abs(timer.Timestamp() - time.time_ns()) < NS_PER_SECOND

    async def test_others_run_while_one_waits(self, timer: AbstractTimer) -> None:
        order: list[str] = []

        async def wait(name: str, seconds: float) -> None:
            await timer.SleepAsync(seconds)
            order.append(name)

        await asyncio.gather(wait("late", 0.05), wait("early", 0.001))

        assert order == ["early", "late"]


class TestVirtualTimer(TimerContract):
    @pytest.fixture
    def timer(self) -> AbstractTimer:
        return VirtualTimer()

    def test_it_moves_only_when_told(self) -> None:
        timer = VirtualTimer(1_000)
        timer.advance(1.5)

        assert timer.Timestamp() == 1_000 + 1_500_000_000
        assert timer.Monotonic() == 1_500_000_000
        with pytest.raises(ValueError, match="cannot go back"):
            timer.set(1_000)

    async def test_waiters_wake_in_the_order_of_their_times(self) -> None:
        timer = VirtualTimer()
        order: list[float] = []

        async def wait(seconds: float) -> None:
            await timer.SleepAsync(seconds)
            order.append(seconds)

        tasks = [asyncio.ensure_future(wait(seconds)) for seconds in (3, 1, 2, 9)]
        for _ in range(5):
            await asyncio.sleep(0)

        timer.advance(5)
        for _ in range(5):
            await asyncio.sleep(0)

        assert order == [1, 2, 3]
        tasks[3].cancel()

    async def test_a_waiter_that_was_cancelled_does_not_matter(self) -> None:
        timer = VirtualTimer()
        task = asyncio.ensure_future(timer.SleepAsync(1))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)

        timer.advance(2)

        assert timer.Monotonic() == 2 * NS_PER_SECOND

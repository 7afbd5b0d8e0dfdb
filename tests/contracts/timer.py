"""What every timer must do; run your own through it by a subclass with a `timer` fixture."""

import asyncio

import pytest

from lib.constants import NS_PER_MS
from lib.timer import AbstractTimer


class TimerContract:
    """Tests of `AbstractTimer`."""

    def test_times_are_integers(self, timer: AbstractTimer) -> None:
        assert isinstance(timer.Timestamp(), int)
        assert isinstance(timer.Monotonic(), int)

    def test_sleep_lasts_at_least_as_long_as_asked(self, timer: AbstractTimer) -> None:
        timestamp, monotonic = timer.Timestamp(), timer.Monotonic()

        timer.Sleep(0.02)

        assert timer.Timestamp() - timestamp >= 19 * NS_PER_MS
        assert timer.Monotonic() - monotonic >= 20 * NS_PER_MS

    async def test_nothing_to_wait_for_returns(self, timer: AbstractTimer) -> None:
        async with asyncio.timeout(5):
            await timer.SleepAsync(0)

    def test_monotonic_time_never_goes_back(self, timer: AbstractTimer) -> None:
        times = [timer.Monotonic() for _ in range(1_000)]

        assert times == sorted(times)

    @pytest.mark.parametrize("seconds", [0, 0.0])
    def test_sleeping_no_time_is_fine(self, timer: AbstractTimer, seconds: float) -> None:
        timer.Sleep(seconds)

"""Real time."""

import asyncio
import time

from lib.timer.abstract_timer import AbstractTimer


class LiveTimer(AbstractTimer):
    """Reads the host's clocks.

    `Monotonic` is CLOCK_BOOTTIME: one value for all processes of the host, unmoved by clock
    steps, and running on through a suspend, so that a deadline set before a suspend has passed
    after it.
    """

    def Timestamp(self) -> int:
        """Return nanoseconds since the epoch, UTC."""
        return time.time_ns()

    def Monotonic(self) -> int:
        """Return nanoseconds since boot, suspends included."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def Sleep(self, seconds: float) -> None:
        """Block the calling thread for `seconds`."""
        time.sleep(seconds)

    async def SleepAsync(self, seconds: float) -> None:
        """Suspend the calling task for `seconds`."""
        await asyncio.sleep(seconds)

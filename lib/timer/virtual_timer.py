"""Time that moves only when it is told to."""

import asyncio
import heapq
import itertools

from lib.constants import NS_PER_SECOND
from lib.timer.abstract_timer import AbstractTimer


class VirtualTimer(AbstractTimer):
    """Virtual clock for backtests and tests.

    `Sleep` moves the clock itself; tasks in `SleepAsync` wake in the order of their due times
    when `set` or `advance` passes them.

    Args:
        start_ns: First value of `Timestamp`, ns since the epoch; `Monotonic` starts at 0.
    """

    def __init__(self, start_ns: int = 0) -> None:
        """Start the clock at `start_ns`."""
        self._start_ns = start_ns
        self._now_ns = start_ns
        self._order = itertools.count()
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []

    def Timestamp(self) -> int:
        """Return the virtual time, ns since the epoch."""
        return self._now_ns

    def Monotonic(self) -> int:
        """Return virtual nanoseconds since the timer was made."""
        return self._now_ns - self._start_ns

    def Sleep(self, seconds: float) -> None:
        """Advance the clock by `seconds`."""
        self.advance(seconds)

    async def SleepAsync(self, seconds: float) -> None:
        """Wait until the clock has been moved `seconds` further."""
        due_ns = self._now_ns + round(seconds * NS_PER_SECOND)
        if due_ns <= self._now_ns:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (due_ns, next(self._order), waiter))
        await waiter

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`, waking who is due."""
        self.set(self._now_ns + round(seconds * NS_PER_SECOND))

    def set(self, now_ns: int) -> None:
        """Move the clock to `now_ns`; waiters wake in the order of their due times.

        Raises:
            ValueError: The clock would go back.
        """
        if now_ns < self._now_ns:
            raise ValueError(f"virtual time cannot go back from {self._now_ns} to {now_ns}")
        while self._waiters and self._waiters[0][0] <= now_ns:
            self._now_ns, _, waiter = heapq.heappop(self._waiters)
            if not waiter.done():
                waiter.set_result(None)
        self._now_ns = now_ns

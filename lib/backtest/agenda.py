"""What is due when, in a backtest: times are the exchange's, ties keep their order (pure)."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

NEVER = 1 << 63


class Agenda:
    """Future calls by due time, and how far the exchange's time has come."""

    def __init__(self, now_ns: int) -> None:
        """Start empty at `now_ns`."""
        self.now_ns = now_ns
        """Exchange's time of the newest thing that happened."""
        self.due_ns = NEVER
        """Time of the next call."""
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def add(self, due_ns: int, call: Callable[..., None], *values: Any) -> None:
        """Plan a call; one for the past is due now."""
        self._count += 1
        heappush(self._heap, (max(due_ns, self.now_ns), self._count, call, values))
        self.due_ns = self._heap[0][0]

    def run_next(self) -> None:
        """Go to the time of the next call and make it."""
        due_ns, _, call, values = heappop(self._heap)
        self.due_ns = self._heap[0][0] if self._heap else NEVER
        self.now_ns = max(due_ns, self.now_ns)
        call(*values)

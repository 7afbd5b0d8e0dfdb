"""What is due when, in a backtest: times are the exchange's, ties keep their order (pure)."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

NEVER = 1 << 63


class Agenda:
    """Future calls by due time."""

    def __init__(self) -> None:
        """Start empty."""
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self.due_ns = NEVER
        """Time of the next call."""

    def add(self, due_ns: int, call: Callable[..., None], *values: Any) -> None:
        """Plan a call."""
        self._count += 1
        heappush(self._heap, (due_ns, self._count, call, values))
        self.due_ns = self._heap[0][0]

    def run_next(self) -> None:
        """Make the next call."""
        _, _, call, values = heappop(self._heap)
        self.due_ns = self._heap[0][0] if self._heap else NEVER
        call(*values)

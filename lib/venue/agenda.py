"""What is due when: pure, the caller brings the time."""

from collections.abc import Callable
from heapq import heappop, heappush


class Agenda:
    """Future actions in order of their time; ties keep the order of their making."""

    def __init__(self) -> None:
        """Start empty."""
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def add(self, due_ns: int, action: Callable[[], None]) -> None:
        """Plan an action."""
        self._count += 1
        heappush(self._heap, (due_ns, self._count, action))

    def deadline(self) -> int | None:
        """Return the time of the next action, None without one."""
        return self._heap[0][0] if self._heap else None

    def pop(self, now_ns: int) -> tuple[int, Callable[[], None]] | None:
        """Return (due time, action) of the next action due by `now_ns`, None without one."""
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        due_ns, _, action = heappop(self._heap)
        return due_ns, action

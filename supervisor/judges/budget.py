"""How often, and after what wait, a worker is started again (pure)."""

from collections import deque
from random import Random

from lib.constants import NS_PER_SECOND
from supervisor.judges.policy import BACKOFF_BASE, REPEAT_GAP, RestartPolicy

DOUBLINGS = 30
"""Enough for any cap; more would overflow."""
REPEAT_DOUBLINGS = 5
CURED_GAPS = 4
"""Gaps without a restart after which an illness counts as a new one."""


class Budget:
    """Failures within a window, and the wait that grows with those in a row.

    Args:
        policy: Limit, window, backoff.
        random: Source of jitter.
    """

    def __init__(self, policy: RestartPolicy, random: Random) -> None:
        """Have nothing spent."""
        self._policy = policy
        self._random = random
        self._spent: deque[tuple[int, float]] = deque()
        self._streak = 0

    def adopt(self, policy: RestartPolicy) -> None:
        """Go by other limits; what was spent stays spent."""
        self._policy = policy

    def spend(self, weight: float, now_ns: int) -> bool:
        """Book a failure of a weight; return False, booking nothing, when it is one too many."""
        oldest_ns = now_ns - round(self._policy.window * NS_PER_SECOND)
        while self._spent and self._spent[0][0] < oldest_ns:
            self._spent.popleft()
        if sum(weight for _, weight in self._spent) + weight > self._policy.limit:
            return False
        if weight:
            self._spent.append((now_ns, weight))
        return True

    def wait(self) -> float:
        """Return the seconds before the next life, with jitter."""
        policy = self._policy
        if self._streak == 0:
            return policy.backoff_min
        doublings = min(self._streak - 1, DOUBLINGS)
        longest: float = max(policy.backoff_min, BACKOFF_BASE) * 2**doublings
        return min(policy.backoff_max, longest) * self._random.uniform(0.5, 1.0)

    def lengthen(self) -> None:
        """Make the next wait longer."""
        self._streak += 1

    def settle(self) -> None:
        """Note a stable time: the next wait is the first again."""
        self._streak = 0

    def clear(self) -> None:
        """Forget what was spent."""
        self._spent.clear()


class Repeats:
    """Spaces out restarts for an illness that a restart does not heal.

    Args:
        gap: Seconds between the first two; doubles from there.
    """

    def __init__(self, gap: float = REPEAT_GAP) -> None:
        """Have restarted for nothing yet."""
        self._gap_ns = round(gap * NS_PER_SECOND)
        self._done: dict[str, tuple[int, int]] = {}

    def allows(self, illness: str, now_ns: int) -> bool:
        """Return whether one more restart is due now, and book it if so."""
        count, last_ns = self._done.get(illness, (0, 0))
        gap_ns = self._gap_ns * 2 ** min(max(count - 1, 0), REPEAT_DOUBLINGS)
        if count and now_ns < last_ns + gap_ns:
            return False
        if now_ns >= last_ns + CURED_GAPS * gap_ns:
            count = 0
        self._done[illness] = (count + 1, now_ns)
        return True

    def forget(self, illness: str) -> None:
        """Note that an illness is over."""
        self._done.pop(illness, None)

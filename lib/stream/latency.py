"""Recent latencies and what is typical of them (pure logic)."""

from collections import deque

REMEMBERED = 1_024
"""Some seconds of a lively market; enough for a 99th percentile."""


class Latencies:
    """The newest latencies, ns."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        """Start empty."""
        self._newest: deque[int] = deque(maxlen=remembered)
        self.see = self._newest.append
        """Takes one latency."""

    def percentile(self, share: float) -> int:
        """Return the latency that `share` (0..1) of the newest ones do not exceed; 0 for none."""
        ordered = sorted(self._newest)
        if not ordered:
            return 0
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

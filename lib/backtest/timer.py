"""The clock of a backtest."""

from collections.abc import Callable

from lib.constants import NS_PER_SECOND
from lib.timer import VirtualTimer


class RunTimer(VirtualTimer):
    """Virtual time that the run sets; a bot that sleeps lets the market go on.

    `now_ns` is a plain attribute, for the run sets it at every market event.

    Args:
        start_ns: First value of `Timestamp`, ns since the epoch.
    """

    def __init__(self, start_ns: int) -> None:
        """Start at `start_ns`; `wait` is put there by the run."""
        super().__init__(start_ns)
        self.now_ns = start_ns
        self.wait: Callable[[int], None] = self.set

    def Timestamp(self) -> int:
        """Return the virtual time, ns since the epoch."""
        return self.now_ns

    def Monotonic(self) -> int:
        """Return virtual nanoseconds since the start of the run."""
        return self.now_ns - self._start_ns

    def Sleep(self, seconds: float) -> None:
        """Let the exchange go on for `seconds` while no handler is called."""
        self.wait(self.now_ns + round(seconds * NS_PER_SECOND))

    async def SleepAsync(self, seconds: float) -> None:
        """Let the exchange go on for `seconds`; nothing else runs in a backtest."""
        self.Sleep(seconds)

    def set(self, now_ns: int) -> None:
        """Move the clock to `now_ns`; it never goes back."""
        self.now_ns = max(self.now_ns, now_ns)

"""What a timer promises."""

from abc import ABC, abstractmethod


class AbstractTimer(ABC):
    """A clock and a way to wait; one object per process (one for all in a backtest)."""

    @abstractmethod
    def Timestamp(self) -> int:
        """Return nanoseconds since the epoch, UTC; may step when the host's clock is set."""

    @abstractmethod
    def Monotonic(self) -> int:
        """Return nanoseconds that never step back; counts suspends, one value for all processes."""

    @abstractmethod
    def Sleep(self, seconds: float) -> None:
        """Wait, blocking the caller."""

    @abstractmethod
    async def SleepAsync(self, seconds: float) -> None:
        """Wait without blocking the event loop."""

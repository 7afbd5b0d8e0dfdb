"""Signals as bytes on a descriptor: nothing runs in a handler."""

import contextlib
import signal
import socket
from types import TracebackType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Turns the signals that stop us into something to poll; restores the former handlers."""

    def __enter__(self) -> "Signals":
        """Take the signals over."""
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._former_fd = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _only_wake) for number in STOP_SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give them back."""
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        self._reading.close()
        self._writing.close()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable at a signal."""
        return self._reading.fileno()

    def take(self) -> list[signal.Signals]:
        """Return the stop signals that came in, oldest first."""
        with contextlib.suppress(BlockingIOError):
            numbers = self._reading.recv(64)
            return [signal.Signals(number) for number in numbers if number in STOP_SIGNALS]
        return []


def _only_wake(_number: int, _frame: object) -> None:
    """Do nothing: the wakeup descriptor tells the loop."""

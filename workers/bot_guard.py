"""Signals of a bot worker, and the limit on how long a bot's code may run once it must end."""

import contextlib
import faulthandler
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
HANDLER_SECONDS = 0.3
"""A handler that still runs this long after the end was asked for is interrupted."""
LAST_RESORT_SECONDS = 3.0
"""Code that no exception can interrupt ends with the whole process."""


class Overrun(BaseException):
    """Raised inside a bot's code that did not return in time; not for a bot to catch."""


class Guard:
    """Turns signals into a flag and a readable descriptor, and can interrupt the bot's code.

    Only in the main thread. `SIGIO` says that the lifeline has closed (see `watch`): it arrives
    also while a handler does not return.
    """

    def __init__(self) -> None:
        """Install the signal handlers."""
        self.reason = ""
        """Why the process is to end: `requested`, `lifeline`, empty = it is not."""
        self._is_limited = False
        self._reader, self._writer = socket.socketpair()
        self._lifeline: int | None = None
        for end in (self._reader, self._writer):
            end.setblocking(False)  # noqa: FBT003 - takes no name
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old: dict[int, Any] = {}
        for number in (*STOPS, signal.SIGIO, signal.SIGALRM):
            self._old[number] = signal.signal(number, self._on_signal)

    @property
    def fd(self) -> int:
        """Return the descriptor that turns readable at a signal."""
        return self._reader.fileno()

    def watch(self, lifeline_fd: int) -> None:
        """Have the kernel tell by `SIGIO` when the lifeline's other end closes."""
        # Opened anew: the owner and the flag belong to the open file, which siblings share.
        self._lifeline = os.open(f"/proc/self/fd/{lifeline_fd}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._lifeline, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(self._lifeline, fcntl.F_GETFL)
        fcntl.fcntl(self._lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)

    def drain(self) -> None:
        """Empty the descriptor."""
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                continue

    def end(self, reason: str) -> None:
        """Ask for the end; the first reason stands."""
        if not self.reason:
            self.reason = reason
            if sys.__stderr__ is not None:
                faulthandler.dump_traceback_later(
                    LAST_RESORT_SECONDS, exit=True, file=sys.__stderr__
                )

    @contextlib.contextmanager
    def handler(self) -> Iterator[None]:
        """Run handlers of the bot: interrupted when the end is asked for and they go on.

        Raises:
            Overrun: They went on; raised inside that code.
        """
        self._is_limited = True
        try:
            yield
        finally:
            self._is_limited = False

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Run code of the bot that must return within `seconds`.

        Raises:
            Overrun: It did not; raised inside that code.
        """
        self._is_limited = True
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        try:
            yield
        finally:
            self._is_limited = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def close(self) -> None:
        """Put everything back as it was."""
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.set_wakeup_fd(self._old_wakeup)
        for number, old in self._old.items():
            signal.signal(number, old)
        self._reader.close()
        self._writer.close()
        if self._lifeline is not None:
            os.close(self._lifeline)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGALRM:
            if self._is_limited:
                self._is_limited = False
                raise Overrun
            return
        is_first = not self.reason
        self.end("lifeline" if number == signal.SIGIO else "requested")
        if is_first and self._is_limited:
            signal.setitimer(signal.ITIMER_REAL, HANDLER_SECONDS)

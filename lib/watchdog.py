"""Runs clean-up handlers exactly once, however the process ends (except by SIGKILL)."""

import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar

HANDLER_SECONDS = 2.0
"""What one handler may take: as long as a bot's `Clean`."""
REPEAT_SECONDS = 0.1
"""A handler that swallows the first interruption gets the next one after this time."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_BY_SIGNAL = 128
"""A shell's exit code for "ended by signal n" is this plus n."""

Handler = Callable[[], Any]
_log = logging.getLogger(__name__)


class HandlerTimeout(BaseException):
    """Interrupts a handler that takes too long; not an `Exception`, so that it is not swallowed."""


class Watchdog:
    """Clean-up at normal exit, at an error, and at SIGINT, SIGTERM, SIGHUP.

    Handlers run once, in reverse order; each is interrupted after `seconds`, and one that fails
    is logged and does not stop the others. After a signal the process ends as it would have:
    SIGINT raises `KeyboardInterrupt`, the others `SystemExit(128 + n)`, so that `finally` blocks
    run, too. A signal that was ignored when the Watchdog was made (`nohup`) stays so.

    Inside a worker the runtime owns signals and exit: it calls `Watchdog.host()` once at its
    start and `Watchdog.run_hosted()` once on the way out.

    Args:
        seconds: What each handler may take.
    """

    _hosted: ClassVar[list["Watchdog"] | None] = None

    def __init__(self, seconds: float = HANDLER_SECONDS) -> None:
        """Register with the runtime, or else with `atexit` and the signals."""
        self._seconds = seconds
        self._handlers: list[Handler] = []
        self._pid = os.getpid()
        self._state = "waiting"
        self._former: dict[int, Any] = {}
        if Watchdog._hosted is not None:
            Watchdog._hosted.append(self)
            return
        atexit.register(self.run)
        if threading.current_thread() is threading.main_thread():
            self._listen()

    @classmethod
    def host(cls) -> None:
        """Say that a runtime owns this process's signals and exit; for Watchdogs made later."""
        cls._hosted = []

    @classmethod
    def run_hosted(cls) -> None:
        """Run the handlers of all hosted Watchdogs, the newest first."""
        hosted = cls._hosted or []
        for watchdog in reversed(hosted):
            watchdog.run()

    def addHandler(self, handler: Handler) -> Handler:
        """Add a function without arguments to be run at the end; returns it (a decorator, too)."""
        self._handlers.append(handler)
        return handler

    def run(self) -> None:
        """Run all handlers now, unless they have run or run already."""
        # A forked child has inherited the handlers of its parent: they are not its own.
        if self._state != "waiting" or os.getpid() != self._pid:
            return
        self._state = "running"
        while self._handlers:
            handler = self._handlers.pop()
            try:
                _run_bounded(handler, self._seconds)
            except HandlerTimeout:
                _log.error("exit handler %r was cut off after %s s", handler, self._seconds)
            except (Exception, SystemExit, KeyboardInterrupt):  # noqa: BLE001 - the others go on
                _log.exception("exit handler %r failed", handler)
        self._state = "done"

    def close(self) -> None:
        """Take it all back: no handler will run, the signals are as they were."""
        self._handlers.clear()
        atexit.unregister(self.run)
        for number, former in self._former.items():
            signal.signal(number, former)
        self._former.clear()

    def _listen(self) -> None:
        for number in SIGNALS:
            former = signal.getsignal(number)
            if former is not signal.SIG_IGN and former is not None:
                self._former[number] = former
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._state == "running" and os.getpid() == self._pid:
            return
        self.run()
        former = self._former.get(number)
        if callable(former):
            former(number, frame)
        else:
            raise SystemExit(EXIT_BY_SIGNAL + number)


def _run_bounded(handler: Handler, seconds: float) -> None:
    if threading.current_thread() is not threading.main_thread():
        _run_in_thread(handler, seconds)
        return
    # An alarm, not a thread: at exit no thread can be started any more, and what a handler
    # cleans up (a SQLite connection, a socket) often belongs to this thread.
    former = signal.signal(signal.SIGALRM, _interrupt)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT_SECONDS)
    try:
        # Twice: an alarm may fall into the instant after the handler has returned.
        try:
            handler()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, remaining, interval)
        signal.signal(signal.SIGALRM, former)


def _run_in_thread(handler: Handler, seconds: float) -> None:
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            handler()
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            raised.append(error)

    thread = threading.Thread(target=guarded, name="exit handler", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise HandlerTimeout
    if raised:
        raise raised[0]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise HandlerTimeout

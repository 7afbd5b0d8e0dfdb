"""Handle of one worker process: its pidfd, its end, its signals."""

import contextlib
import os
import select
import signal
from dataclasses import dataclass

KILL_SECONDS = 1.0
"""What the kernel may take for a killed process."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that is our child, forked or executed.

    Args:
        pid: Its process id.
        pidfd: Descriptor that becomes readable at its end; immune to pid reuse.
    """

    pid: int
    pidfd: int

    @classmethod
    def of(cls, pid: int) -> "Child":
        """Return the handle of a child; one that has just ended is still there as a zombie.

        Raises:
            OSError: There is no such process, or no descriptor left.
        """
        return cls(pid, os.pidfd_open(pid))

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone does not mind."""
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return

    def reap(self) -> int | None:
        """Return its exit code, or minus the number of the signal; None while it lives."""
        found = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOHANG)
        if found is None:
            return None
        if found.si_code == os.CLD_EXITED:
            return found.si_status
        return -found.si_status

    def wait(self, seconds: float) -> bool:
        """Wait until it ends, at most `seconds`; return whether it has ended (it is not reaped)."""
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        return bool(poller.poll(max(0, round(seconds * 1000))))

    def end(self, seconds: float) -> None:
        """Wait until it ends, kill it if it does not within `seconds`, reap it, close."""
        if not self.wait(seconds):
            self.send(signal.SIGKILL)
            self.wait(KILL_SECONDS)
        self.reap()
        self.close()

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.pidfd)


def handle(pid: int | None, error: str) -> tuple[Child | None, str]:
    """Return a newborn's handle, or none and why; one without a handle is ended.

    Args:
        pid: Its process id, None when there was no birth.
        error: Why there was none.
    """
    if pid is None:
        return None, error
    try:
        return Child.of(pid), ""
    except OSError as refusal:  # no descriptors left, neither to see it end nor to find strays
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # not reaped yet: the pid is its own
        return None, str(refusal)

"""Our end of a worker that was forked ahead of its time."""

import socket
from typing import NamedTuple

from supervisor.processes.child import Child


class Spare(NamedTuple):
    """A worker without a name yet.

    Args:
        child: Its process.
        control: Where it waits for its start record; it ends when this closes.
    """

    child: Child
    control: socket.socket

    def take(self, start_fd: int, log_fd: int) -> bool:
        """Let it live as a start record says; return False when it is gone."""
        try:
            socket.send_fds(self.control, [b"!"], [start_fd, log_fd])
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Give the descriptors back; one that was not taken ends."""
        self.control.close()
        self.child.close()

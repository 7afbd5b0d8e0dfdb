"""Waiting for sockets: with a deadline, without sleeping."""

from collections.abc import Callable

import pytest
import zmq

DEADLINE_MS = 5_000
TICK_MS = 20


def until(met: Callable[[], object], socket: "zmq.Socket[bytes]") -> None:
    """Wait on a socket, again and again, until `met` is true."""
    for _ in range(DEADLINE_MS // TICK_MS):
        if met():
            return
        socket.poll(TICK_MS)
    pytest.fail("waited too long")

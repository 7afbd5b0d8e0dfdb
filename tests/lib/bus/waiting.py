"""Waiting for sockets: with a deadline, without sleeping."""

import select
import socket as sockets
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


def until_free(address: str) -> None:
    """Return once a closed socket has let its `ipc` address go: ZeroMQ's own thread does that."""
    for _ in range(DEADLINE_MS // TICK_MS):
        with sockets.socket(sockets.AF_UNIX) as probe:
            if probe.connect_ex(address.removeprefix("ipc://")):
                return
        select.select([], [], [], TICK_MS / 1_000)
    pytest.fail(f"{address} is still served")

"""A worker that is forked ahead of its time and waits for its start record.

A restart that takes it saves the fork, and all that a process does for the first time: each page
that it writes to is copied from the fork server's then, which costs as much as the fork itself.
"""

import asyncio
import contextlib
import io
import os
import select
import socket

import setproctitle
import zmq

from lib.bus.protocol import Heartbeat, decode, encode, topic_of
from lib.bus.request_sockets import Client
from lib.bus.sockets import Pusher, Subscriber
from lib.constants import ExitCode, WorkerState
from lib.logger import console
from lib.timer import LiveTimer
from workers.main import become_worker, live, write_to
from workers.output import open_output

TITLE = "tickvisor: spare worker"
FDS = 2
"""What comes with the one datagram: start record, log."""


def born_ahead(control_fd: int, lifeline_fd: int, log_fd: int) -> int:
    """Turn a freshly forked process into a spare worker; return the exit code of what it became."""
    become_worker(control_fd, lifeline_fd, log_fd)
    open_output()
    setproctitle.setproctitle(TITLE)
    rehearse()
    with socket.socket(fileno=control_fd) as control:
        fds = _wait(control, lifeline_fd)
    if len(fds) != FDS:
        return int(ExitCode.DONE)
    start_fd, log_fd = fds
    write_to(log_fd)
    os.close(log_fd)
    return live(start_fd, lifeline_fd)


def rehearse() -> None:
    """Do once what every start does: log, speak on the bus, run a loop. Nothing is left of it."""
    with contextlib.redirect_stderr(io.StringIO()):
        for style in reversed(console.FORMATS):  # the usual one stays installed
            console.install(style)
            console.write(0, "INFO", TITLE, "rehearsal", {"number": 1})
    clock = LiveTimer().Timestamp
    beat = Heartbeat(TITLE, WorkerState.STARTING.value, 0, 0, 0, {}, {}, {}, "")
    decode(topic_of(beat), encode(beat, 1, 1, clock()))
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    nowhere = "inproc://rehearsal"
    for link in (
        Subscriber(context, [nowhere], [b"beat"]),
        Client(context, nowhere),
        Pusher(context, nowhere, 1, clock),
    ):
        link.close()
    context.destroy(linger=0)
    # not `run`, after which the process would have no event loop by default
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(_turn())


async def _turn() -> None:
    """Let a loop come round once."""


def _wait(control: socket.socket, lifeline_fd: int) -> list[int]:
    poller = select.poll()
    poller.register(control, select.POLLIN)
    poller.register(lifeline_fd, select.POLLIN)
    ready = {fd for fd, _ in poller.poll()}
    if control.fileno() not in ready:
        return []  # the supervisor is gone
    return list(socket.recv_fds(control, 1, FDS)[1])

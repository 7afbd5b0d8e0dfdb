"""One wait for everything the supervisor listens to."""

from collections.abc import Iterable, Mapping

import zmq

NS_PER_MS = 1_000_000


def wait(
    socket: "zmq.Socket[bytes] | None",
    descriptors: Iterable[int],
    writing: Mapping[int, bool],
    ns: int,
) -> set[int]:
    """Wait until something is ready, at most `ns` nanoseconds.

    Args:
        socket: The heartbeat socket, which the caller drains whatever this returns; None to let
            beats wait.
        descriptors: Descriptors to read from; negative ones are passed over.
        writing: Descriptors of the control socket -> whether there is something to write.
        ns: Longest wait.

    Returns:
        The descriptors that are ready.
    """
    poller = zmq.Poller()
    if socket is not None:
        poller.register(socket, zmq.POLLIN)
    for fd in descriptors:
        if fd >= 0:
            poller.register(fd, zmq.POLLIN)
    for fd, has_output in writing.items():
        poller.register(fd, zmq.POLLIN | (zmq.POLLOUT if has_output else 0))
    milliseconds = -(-max(0, ns) // NS_PER_MS)
    return {item for item, _ in poller.poll(milliseconds) if isinstance(item, int)}

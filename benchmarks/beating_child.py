"""A child that beats, for any supervisor: `python beating_child.py SOCKET trivial|full [PORT]`.

Each beat is a datagram with its pid: to the Unix socket, and, as circus's watchdog wants it, to the
UDP port. `full` imports what a real worker imports before its first beat.
"""

import importlib
import os
import socket
import sys
import time

FULL = ("zmq", "msgpack", "binance", "influxdb_client")
BEAT_SECONDS = 0.1


def beat(path: str) -> None:
    """Send one beat; nobody listening is no error."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
        try:
            out.sendto(str(os.getpid()).encode(), path)
        except OSError:
            return


def main(path: str, imports: str, port: str = "") -> None:
    """Import, then beat for ever."""
    if imports == "full":
        for name in FULL:
            importlib.import_module(name)
    watchdog = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while True:
        beat(path)
        if port:
            watchdog.sendto(f"{os.getpid()};{time.time()}".encode(), ("127.0.0.1", int(port)))
        time.sleep(BEAT_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The control socket: one JSON object a line in, one a line out, over a Unix stream socket.

Plain, so that a command needs no more than Python's standard library and answers in milliseconds.
Only the user who runs the supervisor can connect (the folder is 0700).
"""

import json
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_REQUEST = 65_536
MAX_CLIENTS = 64

Reply = Callable[[dict[str, Any]], None]
Handler = Callable[[dict[str, Any], Reply], None]
"""Gets a request and a way to answer it, now or later."""


class Client:
    """One connected command."""

    def __init__(self, connection: socket.socket) -> None:
        """Take the connection over."""
        connection.setblocking(False)
        self.connection = connection
        self.incoming = b""
        self.outgoing = b""


class ControlServer:
    """Serves the control socket from the supervisor's own loop; never blocks it.

    Args:
        path: Path of the socket.
        handle: Called with each request.
    """

    def __init__(self, path: Path, handle: Handler) -> None:
        """Listen.

        Raises:
            OSError: The socket cannot be bound.
        """
        self._handle = handle
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(16)
        self._clients: dict[int, Client] = {}

    def filenos(self) -> dict[int, bool]:
        """Return the descriptors to poll: descriptor -> whether there is something to write."""
        fds = {self._listener.fileno(): False}
        fds.update({fd: bool(client.outgoing) for fd, client in self._clients.items()})
        return fds

    def ready(self, fd: int) -> None:
        """Serve a descriptor that became ready."""
        if fd == self._listener.fileno():
            self._accept()
        elif client := self._clients.get(fd):
            self._serve(fd, client)

    def close(self) -> None:
        """Close every connection and remove the socket."""
        for fd in tuple(self._clients):
            self._drop(fd)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # gone again, or no descriptor left: the client tries again
        if len(self._clients) >= MAX_CLIENTS:
            connection.close()
            return
        self._clients[connection.fileno()] = Client(connection)

    def _serve(self, fd: int, client: Client) -> None:
        self._flush(fd, client)
        try:
            text = client.connection.recv(MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            text = b""
        client.incoming += text
        if not text or len(client.incoming) > MAX_REQUEST:
            self._drop(fd)
            return
        *lines, client.incoming = client.incoming.split(b"\n")
        for line in lines:
            self._request(line, fd, client)

    def _request(self, line: bytes, fd: int, client: Client) -> None:
        def reply(answer: dict[str, Any]) -> None:
            if self._clients.get(fd) is client:
                client.outgoing += json.dumps(answer).encode() + b"\n"
                self._flush(fd, client)

        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if not isinstance(request, dict) or not isinstance(request.get("command"), str):
            reply({"ok": False, "error": 'not a request: {"command": …} is wanted', "exit": 2})
            return
        try:
            self._handle(request, reply)
        except Exception as error:  # noqa: BLE001 - no command may end what keeps the bots alive
            traceback.print_exc()
            reply({"ok": False, "error": f"internal error: {error!r}", "exit": 1})

    def _flush(self, fd: int, client: Client) -> None:
        try:
            while client.outgoing:
                client.outgoing = client.outgoing[client.connection.send(client.outgoing) :]
        except BlockingIOError:
            return
        except OSError:
            self._drop(fd)

    def _drop(self, fd: int) -> None:
        client = self._clients.pop(fd, None)
        if client is not None:
            client.connection.close()

"""A door before a real InfluxDB 1.x: speaks the v2 write path, and misbehaves when it is told to.

InfluxDB 2.x and 3 cannot be installed from a package registry, so this maps their `/api/v2/write`
to the `/write` of a real server, as InfluxDB 1.8 itself does; `/query` is the same in all.
"""

import http.client
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What one request meets instead of the database.

    Args:
        status: The answer's status; 0: the connection is closed without an answer.
        headers: Its headers.
        body: Its text.
        passes_on: The database gets the request all the same.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    passes_on: bool = False


class InfluxGate:
    """A loopback HTTP server before `upstream`."""

    def __init__(self, upstream: str) -> None:
        """Listen on a free port."""
        self.upstream = upstream
        self.faults: deque[Fault] = deque()
        """One for each of the next writes."""
        self.standing: Fault | None = None
        """What all writes meet."""
        self.hanging = threading.Event()
        """While set, writes get no answer."""
        self.released = threading.Event()
        self.requests: list[tuple[str, dict[str, str], str]] = []
        """Path with query, headers and body of all requests."""
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                gate.serve(self)

            def do_GET(self) -> None:
                gate.serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        self.requests.append((request.path, dict(request.headers), body.decode()))
        url = urllib.parse.urlsplit(request.path)
        is_write = url.path.endswith("/write")
        if is_write and self.hanging.is_set():
            self.released.wait()
            request.close_connection = True
            return
        fault = (self.faults.popleft() if self.faults else self.standing) if is_write else None
        if fault is None or fault.passes_on:
            status, text = self._ask(url.path, url.query, body if is_write else None)
            if fault is None:
                fault = Fault(status, body=text)
        if not fault.status:
            request.close_connection = True
            return
        _answer(request, fault)

    def _ask(self, path: str, query: str, body: bytes | None) -> tuple[int, str]:
        if path == "/api/v2/write":
            asked = dict(urllib.parse.parse_qsl(query))
            query = urllib.parse.urlencode({"db": asked["bucket"], "precision": asked["precision"]})
            path = "/write"
        try:
            with urllib.request.urlopen(f"{self.upstream}{path}?{query}", body, 10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            message = json.loads(error.read())["error"]
            return error.code, json.dumps({"code": "invalid", "message": message})
        except (OSError, http.client.HTTPException) as error:
            return 502, str(error)


def _answer(request: BaseHTTPRequestHandler, fault: Fault) -> None:
    data = fault.body.encode()
    request.send_response(fault.status)
    for name, value in fault.headers.items():
        request.send_header(name, value)
    if fault.status != http.HTTPStatus.NO_CONTENT:
        request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)


@contextmanager
def influx_gate(upstream: str) -> Iterator[InfluxGate]:
    """Run a gate."""
    gate = InfluxGate(upstream)
    try:
        yield gate
    finally:
        gate.close()

"""The control socket, with real connections."""

import json
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.asked.control import MAX_REQUEST, ControlServer, Reply

Later = list[Reply]


@pytest.fixture
def later() -> Later:
    return []


@pytest.fixture
def server(tmp_path: Path, later: Later) -> Iterator[ControlServer]:
    def handle(request: dict[str, Any], reply: Reply) -> None:
        if request["command"] == "later":
            later.append(reply)
        else:
            reply({"ok": True, "echo": request})

    made = ControlServer(tmp_path / "control", handle)
    yield made
    made.close()


def turn(server: ControlServer) -> None:
    fds = server.filenos()
    ready, writable, _ = select.select(fds, [fd for fd, wants in fds.items() if wants], [], 1)
    for fd in {*ready, *writable}:
        server.ready(fd)


def connect(server: ControlServer, tmp_path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5)
    client.connect(str(tmp_path / "control"))
    turn(server)
    return client


def ask(server: ControlServer, client: socket.socket, line: bytes) -> Any:
    client.sendall(line)
    turn(server)
    return json.loads(client.recv(65_536))


def test_a_request_is_answered_on_its_own_connection(server: ControlServer, tmp_path: Path) -> None:
    with connect(server, tmp_path) as one, connect(server, tmp_path) as two:
        assert ask(server, two, b'{"command": "b"}\n')["echo"] == {"command": "b"}
        assert ask(server, one, b'{"command": "a"}\n')["echo"] == {"command": "a"}


def test_a_request_in_pieces_is_put_together(server: ControlServer, tmp_path: Path) -> None:
    with connect(server, tmp_path) as client:
        client.sendall(b'{"comm')
        turn(server)
        assert ask(server, client, b'and": "a"}\n')["ok"]


def test_an_answer_may_come_later_and_to_nobody(
    server: ControlServer, tmp_path: Path, later: Later
) -> None:
    with connect(server, tmp_path) as client:
        client.sendall(b'{"command": "later"}\n')
        turn(server)
        [reply] = later
        reply({"ok": True})
        assert json.loads(client.recv(100)) == {"ok": True}
    turn(server)
    reply({"ok": True})


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"command": 1}\n'])
def test_nonsense_is_refused_with_a_reason(
    server: ControlServer, tmp_path: Path, line: bytes
) -> None:
    with connect(server, tmp_path) as client:
        answer = ask(server, client, line)
    assert answer["ok"] is False
    assert answer["exit"] == 2


def test_an_endless_line_ends_the_connection(server: ControlServer, tmp_path: Path) -> None:
    with connect(server, tmp_path) as client:
        client.setblocking(False)
        sent = 0
        while sent <= MAX_REQUEST:
            try:
                sent += client.send(b"x" * 4096)
            except BlockingIOError:
                turn(server)
            except BrokenPipeError:
                break
        turn(server)
        turn(server)
        assert len(server.filenos()) == 1


def test_only_the_user_can_connect(server: ControlServer, tmp_path: Path) -> None:
    assert (tmp_path / "control").stat().st_mode & 0o777 == 0o600
    server.close()
    assert not (tmp_path / "control").exists()

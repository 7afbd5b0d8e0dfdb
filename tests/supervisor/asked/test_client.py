"""The command line's side of the control socket, against a real socket."""

import fcntl
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any

import pytest
from rich.console import Console

from lib.errors import ConfigError, NotRunning, TickvisorError
from lib.folders import make_run_dir
from supervisor.asked.client import choose_project, request, running, status
from supervisor.asked.not_yet import NotYet
from supervisor.terminal import screen

Answer = Callable[[dict[str, Any]], bytes]
Serve = Callable[[str, Answer], None]
HEAD = {"project": "p", "pid": 7, "config": "c", "state": "running", "uptime_s": 1.0, "workers": []}


@pytest.fixture(autouse=True)
def runtime(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run_dir))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve control sockets that answer each request by a function."""
    listeners: list[tuple[socket, threading.Thread]] = []

    def loop(listener: socket, answer: Answer) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # a client may be gone before it has its answer
            with suppress(OSError), connection, connection.makefile() as lines:
                if asked := lines.readline():
                    connection.sendall(answer(json.loads(asked)))

    def start(project: str, answer: Answer) -> None:
        listener = socket(AF_UNIX, SOCK_STREAM)
        listener.bind(str(make_run_dir(project) / "control"))
        listener.listen()
        thread = threading.Thread(target=loop, args=(listener, answer), daemon=True)
        thread.start()
        listeners.append((listener, thread))

    yield start
    for listener, thread in listeners:
        listener.shutdown(2)
        listener.close()
        thread.join(5)


def line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def answer_status(_request: dict[str, Any]) -> bytes:
    return line({"ok": True, "status": HEAD})


def test_request_brings_the_reply_back(serve: Serve) -> None:
    serve("p", lambda asked: line({"ok": True, "echo": asked, "long": "x" * 200_000}))

    reply = request("p", {"command": "restart", "workers": ["stream"]})

    assert reply["echo"] == {"command": "restart", "workers": ["stream"]}


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1, TickvisorError), (2, ConfigError), (3, NotRunning), (4, NotYet), (None, TickvisorError)],
)
def test_refusal_becomes_the_error_of_its_exit_code(
    serve: Serve, code: int | None, kind: type[Exception]
) -> None:
    serve("p", lambda _: line({"ok": False, "error": "no such worker", "exit": code}))

    with pytest.raises(TickvisorError, match="no such worker") as caught:
        request("p", {"command": "restart"})
    assert type(caught.value) is kind


def test_supervisor_that_goes_away_is_not_running(serve: Serve) -> None:
    serve("p", lambda _: b"")

    with pytest.raises(NotRunning, match="went away"):
        request("p", {"command": "stop"})


def test_supervisor_that_does_not_answer_is_an_error(serve: Serve) -> None:
    release = threading.Event()

    def wait(_request: dict[str, Any]) -> bytes:
        release.wait(10)
        return b""

    serve("p", wait)

    with pytest.raises(TickvisorError, match=r"did not answer within 0\.05s"):
        request("p", {"command": "status"}, 0.05)
    release.set()


def test_only_run_is_chosen_and_others_must_be_named(serve: Serve) -> None:
    with pytest.raises(NotRunning, match="nothing is running; start it with"):
        choose_project("")

    serve("one", answer_status)
    assert choose_project("") == "one"
    with pytest.raises(NotRunning, match="'two' is not running"):
        choose_project("two")

    serve("two", answer_status)
    assert running() == ["one", "two"]
    assert choose_project("two") == "two"
    with pytest.raises(ConfigError, match="several projects run: one, two; name one"):
        choose_project("")


def test_socket_of_a_dead_run_does_not_count() -> None:
    folder = make_run_dir("dead")
    listener = socket(AF_UNIX, SOCK_STREAM)
    listener.bind(str(folder / "control"))
    listener.close()

    assert running() == []


def test_run_that_holds_its_lock_but_does_not_listen_is_starting() -> None:
    path = make_run_dir("p") / "lock"
    path.write_text("4711\n")

    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert running() == ["p"]
        assert status("p")["pid"] == 4711
        assert status("p")["state"] == "starting"
    with pytest.raises(NotRunning):
        status("p")


def test_status_is_the_object_itself(serve: Serve) -> None:
    serve("p", answer_status)

    assert status("p") == HEAD


def test_screen_draws_until_its_parent_is_gone(serve: Serve) -> None:
    serve("p", answer_status)
    reading, writing = os.pipe()
    drawn = threading.Event()

    class Terminal(io.StringIO):
        def write(self, text: str) -> int:
            if "p is running" in text:
                drawn.set()
            return super().write(text)

    terminal = Terminal()
    console = Console(file=terminal, width=80, force_terminal=True)
    thread = threading.Thread(target=screen.show, args=("p", 7, reading, console))
    thread.start()
    assert drawn.wait(10)
    os.close(writing)
    thread.join(10)

    assert not thread.is_alive()
    os.close(reading)


def test_screen_does_not_draw_the_run_of_another_supervisor(serve: Serve) -> None:
    asked = threading.Semaphore(0)

    def answer(wanted: dict[str, Any]) -> bytes:
        asked.release()
        return answer_status(wanted)

    serve("p", answer)
    reading, writing = os.pipe()
    console = Console(file=io.StringIO(), width=80)
    thread = threading.Thread(target=screen.show, args=("p", 8, reading, console))
    thread.start()
    for _ in range(2):
        assert asked.acquire(timeout=10)
    os.close(writing)
    thread.join(10)

    assert "p is running" not in console.file.getvalue()  # type: ignore[attr-defined]
    os.close(reading)

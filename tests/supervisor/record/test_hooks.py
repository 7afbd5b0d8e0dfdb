"""Hooks as real programs, a real web server, a real notification library."""

import json
import os
import queue
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventTail
from supervisor.record.events import Event
from supervisor.record.hook_delivery import DeliveryError, deliver
from supervisor.record.hook_rules import Hook
from supervisor.record.hooks import Hooks, HookSettings
from tests.e2e.harness import until
from tests.processes import lives
from tests.supervisor.record.test_hook_rules import hook

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[3]
SECONDS = 20.0
TOLD = {
    "project": "prod",
    "at": "2026-11-22T12:00:00.000Z",
    "at_ns": 1,
    "epoch": 7,
    "level": "warning",
    "worker": "stream",
    "event": "stale",
    "reason": "book BTCUSDT 3.1 s old",
    "limit": 3,
}


class Web:
    """A web server that keeps what it is sent."""

    def __init__(self) -> None:
        self.answers: queue.Queue[int] = queue.Queue()
        self.got: queue.Queue[dict[str, Any]] = queue.Queue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.got.put(json.loads(self.rfile.read(length)))
                code = 200 if outer.answers.empty() else outer.answers.get()
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


def command(*words: str, timeout: float = 10.0) -> Hook:
    return hook(kind="command", target=list(words), timeout=timeout)


def test_command_gets_the_event_on_its_standard_input(tmp_path: Path) -> None:
    deliver(command("sh", "-c", f"cat > {tmp_path}/got"), TOLD)

    assert json.loads((tmp_path / "got").read_text()) == TOLD


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["sh", "-c", "echo no such channel; exit 3"], "exit code 3 no such channel"),
        (["false"], "exit code 1"),
        (["/no/such/program"], "No such file"),
    ],
)
def test_command_that_fails_says_why(words: list[str], error: str) -> None:
    with pytest.raises(DeliveryError, match=error):
        deliver(command(*words), TOLD)


def test_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    slow = f"sleep 600 & echo $! > {tmp_path}/child; sleep 600"

    with pytest.raises(DeliveryError, match=r"not done in 0\.3 s"):
        deliver(command("sh", "-c", slow, timeout=0.3), TOLD)

    child = int((tmp_path / "child").read_text())
    until("its child is gone", lambda: not lives(child))


def test_command_that_reads_nothing_is_no_trouble() -> None:
    deliver(command("true"), {**TOLD, "reason": "x" * 200_000})


def test_webhook_gets_the_event_as_json(web: Web) -> None:
    deliver(hook(target=[f"http://{web.host}/hook"]), TOLD)

    assert web.got.get(timeout=SECONDS) == TOLD


@pytest.mark.parametrize(("code", "again"), [(500, True), (429, True), (404, False)])
def test_webhook_s_refusal_says_whether_to_try_again(web: Web, code: int, again: bool) -> None:
    web.answers.put(code)

    with pytest.raises(DeliveryError, match=f"HTTP {code}") as caught:
        deliver(hook(target=[f"http://{web.host}/hook"]), TOLD)

    assert caught.value.again is again


def test_webhook_that_nobody_serves_is_an_error() -> None:
    with pytest.raises(DeliveryError, match="refused"):
        deliver(hook(target=["http://127.0.0.1:1/hook"]), TOLD)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_notification_is_sent_by_the_library(web: Web) -> None:
    pytest.importorskip("apprise")

    deliver(hook(kind="notify", target=[f"json://{web.host}/"]), TOLD)

    got = web.got.get(timeout=SECONDS)
    assert got["title"] == "prod: stream stale"
    assert got["message"].splitlines()[0] == "book BTCUSDT 3.1 s old"
    assert got["type"] == "warning"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_notification_that_cannot_be_sent_is_an_error(web: Web) -> None:
    pytest.importorskip("apprise")
    web.answers.put(500)

    with pytest.raises(DeliveryError):
        deliver(hook(kind="notify", target=[f"json://{web.host}/"]), TOLD)
    with pytest.raises(DeliveryError, match="knows no such service"):
        deliver(hook(kind="notify", target=["nonsense://x"]), TOLD)


# --- the process ---


class Rig:
    """A supervisor's side of the hooks."""

    def __init__(self, folder: Path, *hooks: Hook) -> None:
        self.events = folder / "events.jsonl"
        self.log = folder / "hooks.log"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOKEN": "sesame-open-wide"}
        self.hooks = Hooks(
            HookSettings(hooks, "prod", 7, self.events, Bounds(1_000_000, 1), environment, self.log)
        )
        self.complaints: list[str] = []
        self.now_ns = 0

    def start(self) -> "Rig":
        self.tick()
        assert self.hooks.child is not None
        return self

    def tick(self) -> list[str]:
        self.complaints += self.hooks.tick(self.now_ns)
        return self.complaints

    def add(self, name: str, worker: str = "stream") -> None:
        self.hooks.add(Event(5, 7, worker, name))


def test_process_tells_events_and_resolves_variables(tmp_path: Path, web: Web) -> None:
    rig = Rig(tmp_path, hook(target=[f"http://{web.host}/${{TOKEN}}"])).start()

    rig.add("ready")
    rig.add("stale")

    got = web.got.get(timeout=SECONDS)
    assert (got["project"], got["event"]) == ("prod", "stale")
    rig.add("stopped", "supervisor")
    rig.hooks.close()
    assert web.got.empty()


def test_failure_is_reported_without_the_secret(tmp_path: Path, web: Web) -> None:
    for _ in range(3):
        web.answers.put(404)
    rig = Rig(tmp_path, hook(target=[f"http://{web.host}/${{TOKEN}}"])).start()

    rig.add("stale")

    [complaint] = until("the complaint is there", rig.tick)
    assert complaint == "webhook http://127.0.0.1: HTTP 404"
    rig.hooks.close()


def test_hook_is_tried_again_while_its_server_is_ill(tmp_path: Path, web: Web) -> None:
    web.answers.put(503)
    rig = Rig(tmp_path, hook(target=[f"http://{web.host}/"])).start()

    rig.add("stale")

    assert [web.got.get(timeout=SECONDS)["event"] for _ in range(2)] == ["stale", "stale"]
    rig.hooks.close()
    assert rig.complaints == []


def test_slow_hook_holds_up_neither_us_nor_the_others(tmp_path: Path, web: Web) -> None:
    slow = command("sleep", "600", timeout=600)
    rig = Rig(tmp_path, slow, hook(target=[f"http://{web.host}/"])).start()

    for number in range(2_000):
        rig.add("stale", f"bot:{number}")

    assert web.got.get(timeout=SECONDS)["event"] == "stale"
    assert rig.hooks.child is not None
    process = psutil.Process(rig.hooks.child.pid)
    [sleeping] = until("the program runs", process.children)
    rig.add("stopped", "supervisor")
    rig.hooks.close()  # bounded, whatever the hook does
    assert not lives(process.pid)
    until("the program is gone, too", lambda: not lives(sleeping.pid))


def test_killed_process_is_replaced_and_what_waited_is_told(tmp_path: Path, web: Web) -> None:
    rig = Rig(tmp_path, hook(target=[f"http://{web.host}/"])).start()
    rig.add("stale")
    assert web.got.get(timeout=SECONDS)["event"] == "stale"
    child = rig.hooks.child
    assert child is not None

    child.send(signal.SIGKILL)
    assert child.wait(SECONDS)
    rig.add("hung")
    assert rig.hooks.reap({child.pidfd}) == -signal.SIGKILL
    rig.now_ns += 10_000_000_000
    rig.start()

    assert web.got.get(timeout=SECONDS)["event"] == "hung"
    rig.hooks.close()


def test_death_of_the_supervisor_is_told_and_noted(tmp_path: Path, web: Web) -> None:
    rig = Rig(tmp_path, hook(target=[f"http://{web.host}/"])).start()
    rig.add("ready")

    rig.hooks.close()  # no `stopped` before it

    assert web.got.get(timeout=SECONDS)["event"] == "was killed"
    assert [one.event for one in EventTail(rig.events).read()] == ["was killed"]


def test_orderly_end_is_no_death(tmp_path: Path, web: Web) -> None:
    rig = Rig(tmp_path, hook(target=[f"http://{web.host}/"], level="info")).start()
    rig.add("stopped", "supervisor")

    rig.hooks.close()

    assert web.got.get(timeout=SECONDS)["event"] == "stopped"
    assert not rig.events.exists()

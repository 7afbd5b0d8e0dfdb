"""Everything around one real bot process: a small exchange worker, streams and a supervisor."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq

from lib.bus import endpoints
from lib.bus.protocol import (
    Ask,
    Book,
    Command,
    Heartbeat,
    Message,
    Report,
    Request,
    Roster,
    decode,
    decode_request,
    encode_reply,
)
from lib.bus.request_sockets import Server
from lib.bus.sockets import Publisher, make_socket
from lib.bus.start import Start, encode_start
from lib.timer import LiveTimer
from tests.lib.bus.waiting import until_free
from tests.lib.exchange.fake_worker import LIFE, OWNER, PROJECT, hello_values, snapshot

ROOT = Path(__file__).parent.parent.parent
NAME = f"bot:{OWNER}"
DEADLINE = 15.0


class Rig:
    """Plays all peers of a bot worker, in one thread, whenever a test waits for something."""

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", run_dir: Path, streams: int = 1
    ) -> None:
        self.context = context
        self.run_dir = run_dir
        self.timer = LiveTimer()
        self.streams = [f"stream-{number + 1}" for number in range(streams)]
        self.market = [
            self._publisher(endpoints.market(run_dir, name), 10 + index)
            for index, name in enumerate(self.streams)
        ]
        self.lifecycle = self._publisher(endpoints.ipc(run_dir, endpoints.LIFECYCLE), 1)
        self.account: Publisher | None = None
        self.server: Server | None = None
        self.heartbeats = make_socket(context, zmq.PULL)
        self.heartbeats.bind(endpoints.ipc(run_dir, endpoints.HEARTBEAT))
        self.exchange_life = 0
        self.requests: list[Request] = []
        self.replies: dict[str, Callable[[Request], bytes | None]] = {}
        self.beats: list[Heartbeat] = []
        self.asks: list[Ask] = []
        self.reports: list[Report] = []
        self.roster = Roster("running", [[NAME, LIFE, "ready"], ["exchange", 1, "ready"]], [])
        self.quoting = True
        self.update_id = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.lifeline = -1
        self.calls_path = run_dir / "calls"
        self.log_path = run_dir / "log"

    # --- the bot ---

    def start(self, bot: str = "RecordingBot", **part: Any) -> None:
        name = bot if "." in bot or ":" in bot else f"tests.workers.recording_bots:{bot}"
        symbol = OWNER.rpartition(":")[2]
        config = {
            "name": "quoter",
            "symbol": symbol,
            "exchange": "BINANCE.FUTURES",
            "record": str(self.calls_path),
            **part.pop("config", {}),
        }
        start = Start(
            name=NAME,
            kind="bot",
            project=PROJECT,
            run_dir=str(self.run_dir),
            state_dir=str(self.run_dir),
            incarnation=LIFE,
            epoch=7,
            config={
                "factory": {"name": "SandboxFactory"},
                "general": {"project": PROJECT},
                "bot": {"class": name, "config": config, "symbols": [symbol], **part},
            },
            streams=self.streams,
            roster=[],
            heartbeat_ns=50_000_000,
        )
        start_fd = os.memfd_create("start")
        os.write(start_fd, encode_start(start))
        read_end, self.lifeline = os.pipe()
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.main", str(start_fd), str(read_end)],
                cwd=ROOT,
                pass_fds=(start_fd, read_end),
                env={**os.environ, "TICKVISOR_TEST_HOOKS": "1", "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        os.close(start_fd)
        os.close(read_end)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def cut_lifeline(self) -> None:
        os.close(self.lifeline)
        self.lifeline = -1

    def exit_code(self, seconds: float = DEADLINE) -> int:
        """Wait for the end; return the exit code."""
        process = self.process
        assert process is not None
        self.until(lambda: process.poll() is not None, seconds)
        assert process.returncode is not None
        return process.returncode

    def calls(self, name: str = "") -> list[list[Any]]:
        """Return what the bot recorded: [handler, value, …]."""
        if not self.calls_path.exists():
            return []
        calls = [json.loads(line) for line in self.calls_path.read_text().splitlines()]
        return [call for call in calls if not name or call[0] == name]

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    # --- its peers ---

    def open_exchange(self) -> None:
        """Start an exchange worker, a new life of it each time."""
        self.exchange_life += 1
        self.server = Server(self.context, endpoints.ipc(self.run_dir, endpoints.ORDERS))
        self.account = self._publisher(
            endpoints.ipc(self.run_dir, endpoints.ACCOUNT), self.exchange_life
        )

    def close_exchange(self) -> None:
        """Let the exchange worker die."""
        assert self.server is not None
        assert self.account is not None
        self.server.close()
        self.account.close()
        self.server = self.account = None
        for name in (endpoints.ORDERS, endpoints.ACCOUNT):
            until_free(endpoints.ipc(self.run_dir, name))

    def publish(self, message: Message) -> None:
        """Publish on the account channel."""
        assert self.account is not None
        self.account.send(message)

    def tell(self, action: str, *args: str) -> None:
        """Send the bot worker a command."""
        self.lifecycle.send(Command(NAME, action, list(args)))

    def talk(self, verb: str, text: str = "") -> None:
        """Send the bot a message."""
        self.tell("message", verb, text)

    def made_requests(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    def book(self, stream: int = 0, **changes: Any) -> Book:
        """Publish a book on one stream; a new one unless `update_id` is given."""
        self.update_id += 1
        now_ns = self.timer.Timestamp()
        book = Book(
            "BTCUSDT", "50001", "2", "50000", "3", "BINANCE.FUTURES", now_ns, self.update_id, 1000
        )._replace(**changes)
        self.market[stream].send(book)
        return book

    def until(self, condition: Callable[[], Any], seconds: float = DEADLINE) -> None:
        """Play all peers until a condition holds.

        Raises:
            AssertionError: It does not, in time.
        """
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (
                f"not in time; calls: {self.calls()[-5:]}; {self._tail()}"
            )
            self.play()

    def until_ready(self) -> None:
        """Open what is closed and wait until the bot is ready."""
        if self.server is None:
            self.open_exchange()
        self.until(lambda: any(beat.state == "ready" for beat in self.beats))

    def play(self) -> None:
        """Serve and publish for about 20 ms."""
        poller = zmq.Poller()
        poller.register(self.heartbeats, zmq.POLLIN)
        if self.server is not None:
            poller.register(self.server.socket, zmq.POLLIN)
        poller.poll(20)
        self._serve()
        self._hear()
        self.lifecycle.send(self.roster)
        if self.quoting:
            self.book()
        if self.account is not None:
            self.account.repeat_sequences()

    def close(self) -> None:
        """End the bot, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.lifeline >= 0:
            os.close(self.lifeline)

    def _serve(self) -> None:
        if self.server is None:
            return
        for peer, request_id, payload in self.server.receive():
            request = decode_request(payload)
            self.requests.append(request)
            reply = self.replies.get(request.method, self._reply)(request)
            if reply is not None:
                self.server.reply(peer, request_id, reply)

    def _reply(self, request: Request) -> bytes | None:
        if request.method in ("hello", "snapshot"):
            assert self.account is not None
            values = hello_values(
                snapshot(self.exchange_life)._replace(
                    sequences={
                        name: (self.exchange_life, sequence)
                        for name, sequence in self.account.sequences.items()
                    }
                )
            )
            return encode_reply("ok", *(values if request.method == "hello" else values[2:]))
        if request.method == "post":
            return encode_reply("ok", *(["ok", 0, ""] for _ in request.args[0]))
        return encode_reply("ok", 1)

    def _hear(self) -> None:
        while self.heartbeats.poll(0):
            name, payload = self.heartbeats.recv_multipart()
            _, message = decode(name, payload)
            match message:
                case Heartbeat():
                    self.beats.append(message)
                case Ask():
                    self.asks.append(message)
                case Report():
                    self.reports.append(message)
                case _:
                    raise AssertionError(message)

    def _publisher(self, address: str, life: int) -> Publisher:
        return Publisher(self.context, address, life, self.timer.Timestamp)

    def _tail(self) -> str:
        return self.log[-2000:] if self.log_path.exists() else "no log"

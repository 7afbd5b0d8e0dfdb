"""The venue as a process: alone on the command line, and as a worker of a run."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from lib.bus import endpoints
from lib.bus.protocol import Heartbeat, Report, decode
from lib.bus.sockets import make_socket
from lib.bus.start import Start, encode_start
from lib.errors import ConfigError
from lib.venue.configuration import read_settings
from workers.venue import parse

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent.parent
DEADLINE = 15.0


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
        return json.load(answer)


class Alone:
    """`supervisor venue`, as it is executed."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers.venue", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def addresses(self) -> dict[str, str]:
        assert self.process.stdout is not None
        found: dict[str, str] = json.loads(self.process.stdout.readline())
        return found

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return exit code and what was said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, said


@pytest.fixture
def alone() -> Iterator[Callable[..., Alone]]:
    started: list[Alone] = []

    def start(*arguments: str) -> Alone:
        started.append(Alone(*arguments))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_venue_alone_prints_its_addresses_and_ends_by_signal(
    alone: Callable[..., Alone], number: int
) -> None:
    venue = alone("--symbols", "BTCUSDT,ETHUSDT")
    found = venue.addresses()
    assert set(found) == {"rest_url", "ws_url", "ws_api_url", "key", "secret"}
    info = get(found["rest_url"] + "/fapi/v1/exchangeInfo")
    assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    assert venue.end(number) == (0, "")


def test_taken_port_ends_with_one_line(alone: Callable[..., Alone]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        venue = alone("--port", str(port))
        venue.process.wait(DEADLINE)
        assert venue.end() == (1, f"venue: port {port} on 127.0.0.1 is taken\n")


def test_wrong_settings_end_with_one_line(alone: Callable[..., Alone]) -> None:
    venue = alone("--feed", "recording")
    venue.process.wait(DEADLINE)
    code, said = venue.end()
    assert code == 2
    assert said.startswith("venue: ")
    assert said.count("\n") == 1


def test_configuration_gives_the_section_and_the_command_line_wins(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(
        "venue: {feed: recording, files: [a.gz], start: 2m, seed: 5}\n"
        "bots: [{name: a, bot: SandboxBot, symbols: [BTCUSDT, ETHUSDT]}]\n",
        encoding="utf-8",
    )
    (tmp_path / "a.gz").touch()
    found = parse([str(path), "--seed", "7", "--options", '{"latency": {"order": 0.1}}'])
    assert found == {
        "feed": "recording",
        "files": [str(tmp_path / "a.gz")],
        "start": 120.0,
        "seed": 7,
        "active": ["BTCUSDT", "ETHUSDT"],
        "latency": {"order": 0.1},
    }


def test_configuration_of_a_project_is_read_as_the_supervisor_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VENUE_PORT", "4321")
    folder = tmp_path / "yaml"
    folder.mkdir()
    (folder / "rows.txt").write_text("0.001\n", encoding="utf-8")
    (folder / "run.yaml").write_text(
        "project: t\n"
        "influx: {url: x, token: '${NOT_SET_ANYWHERE}'}\n"
        "venue:\n"
        "  port: ${VENUE_PORT}\n"
        "  persist: kept.json\n"
        "  connection_life: 1h\n"
        "  latency: {order: 20ms, cancel: [1ms, 2ms], market: rows.txt}\n"
        "bots: [{bot: QuoterBot, symbols: [BTCUSDT], watch: [ETHUSDT, BTCUSDT]}]\n",
        encoding="utf-8",
    )
    found = parse([str(folder / "run.yaml")])
    assert found == {
        "active": ["BTCUSDT", "ETHUSDT"],
        "port": 4321,
        "persist": str(tmp_path / "kept.json"),
        "connection_life": 3600.0,
        "latency": {
            "order": 0.02,
            "cancel": [0.001, 0.002],
            "market": str(folder / "rows.txt"),
        },
    }


@pytest.mark.parametrize(
    ("section", "error"),
    [
        ("{port: '${NOT_SET_ANYWHERE}'}", "NOT_SET_ANYWHERE"),
        ("{ping_period: 5}", "venue.ping_period: 5 has no unit"),
        ("{latency: {order: 5}}", "venue.latency: 5 has no unit"),
    ],
)
def test_wrong_configuration_is_refused_with_its_place(
    tmp_path: Path, section: str, error: str
) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(f"venue: {section}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        parse([str(path)])
    assert error in str(caught.value)
    assert "run.yaml:1" in str(caught.value)


@pytest.mark.parametrize(
    ("section", "error"),
    [
        ({"leverage": "x"}, "venue.leverage 'x' is not a number"),
        ({"taker_fee": "much"}, "venue.taker_fee 'much' is not a number"),
        ({"dead_man_covers_algo": "maybe"}, "is not true or false"),
        ({"queue_cancels": "all"}, "is none of proportional, none"),
        ({"accounts": 5}, "venue.accounts is no list"),
    ],
)
def test_wrong_option_is_refused_in_one_line(section: dict[str, Any], error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        read_settings(section)


@pytest.mark.parametrize("text", ["[1]", "{", "5"])
def test_options_that_are_no_mapping_are_wrong_usage(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["--options", text])
    assert caught.value.code == 2
    assert "is no JSON mapping" in capsys.readouterr().err


def test_unknown_setting_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(ConfigError, match=r"venue\.balanse is no setting; did you mean 'balance'"):
        read_settings({"balanse": 5})


def test_configuration_without_a_venue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("bots: []\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no `venue` section"):
        parse([str(path)])


class Run:
    """A supervisor's side of one venue worker."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", run_dir: Path) -> None:
        self.run_dir = run_dir
        self.pull = make_socket(context, zmq.PULL)
        self.pull.bind(endpoints.ipc(run_dir, endpoints.HEARTBEAT))
        self.reports: list[Report] = []
        self.beats: list[Heartbeat] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.lifeline = -1

    def start(self, **venue: Any) -> None:
        start = Start(
            name="venue",
            kind="venue",
            project="test",
            run_dir=str(self.run_dir),
            state_dir=str(self.run_dir),
            incarnation=1,
            epoch=7,
            config={
                "factory": {"name": "SandboxFactory"},
                "general": {"project": "test"},
                "venue": venue,
            },
            streams=[],
            roster=[],
            heartbeat_ns=50_000_000,
        )
        start_fd = os.memfd_create("start")
        os.write(start_fd, encode_start(start))
        read_end, self.lifeline = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers.main", str(start_fd), str(read_end)],
            cwd=ROOT,
            pass_fds=(start_fd, read_end),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )
        os.close(start_fd)
        os.close(read_end)

    def report(self, kind: str) -> dict[str, Any]:
        """Wait for a report; return its facts."""
        self.until(lambda: any(each.kind == kind for each in self.reports))
        return next(each.facts for each in self.reports if each.kind == kind)

    def until(self, wanted: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE
        while not wanted():
            assert time.monotonic() < end, (self.reports, self.beats[-1:])
            if self.pull.poll(50):
                name, body = self.pull.recv_multipart()
                self._take(decode(name, body)[1])

    def end(self) -> int:
        assert self.process is not None
        return self.process.wait(DEADLINE)

    def _take(self, message: Any) -> None:
        if isinstance(message, Report):
            self.reports.append(message)
        elif isinstance(message, Heartbeat):
            self.beats.append(message)


@pytest.fixture
def run(zmq_context: "zmq.Context[zmq.Socket[bytes]]", run_dir: Path) -> Iterator[Run]:
    rig = Run(zmq_context, run_dir)
    yield rig
    if rig.process is not None and rig.process.poll() is None:
        rig.process.kill()
        rig.process.wait()
    if rig.lifeline >= 0:
        os.close(rig.lifeline)


def test_worker_reports_its_addresses_and_beats(run: Run) -> None:
    run.start(active=["BTCUSDT"], rate=200.0)
    found = run.report("endpoints")
    assert get(found["rest_url"] + "/fapi/v1/ping") == {}
    run.until(lambda: bool(run.beats) and run.beats[-1].state == "ready")
    before = run.beats[-1].events
    run.until(lambda: run.beats[-1].events > before + 10)
    assert run.process is not None
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0


def test_replaced_worker_keeps_port_and_keys(run: Run) -> None:
    run.start(seed=3)
    first = run.report("endpoints")
    assert run.process is not None
    run.process.kill()
    run.process.wait()
    run.reports.clear()
    run.start(seed=3)
    assert run.report("endpoints") == first


def test_worker_with_wrong_settings_refuses(run: Run) -> None:
    run.start(feed="recording")
    assert "venue.files" in run.report("refused")["message"]
    assert run.end() == 2


def test_worker_whose_port_is_taken_fails(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run.start(port=port)
        assert run.report("failed")["message"].endswith(f"port {port} on 127.0.0.1 is taken")
        assert run.end() == 1


def test_worker_ends_with_its_supervisor(run: Run) -> None:
    run.start()
    run.report("endpoints")
    os.close(run.lifeline)
    run.lifeline = -1
    assert run.end() == 1

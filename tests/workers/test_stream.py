import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq

from lib.bus import endpoints
from lib.bus.protocol import Book, Command, Heartbeat, Message, Report, decode, topic
from lib.bus.sockets import Publisher, Subscriber, make_socket
from lib.bus.start import Start
from lib.constants import NS_PER_SECOND
from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from workers.stream import QUIET_NS, Note, Readiness, StreamWorker

TIMER = LiveTimer()
DEADLINE = 15.0
SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]


class Desk:
    """The supervisor's and a subscriber's side of the worker."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", run_dir: Path) -> None:
        self._pull = make_socket(context, zmq.PULL)
        self._pull.bind(endpoints.ipc(run_dir, endpoints.HEARTBEAT))
        self._lifecycle = Publisher(
            context, endpoints.ipc(run_dir, endpoints.LIFECYCLE), 1, TIMER.Timestamp
        )
        self._market = Subscriber(context, [endpoints.market(run_dir, "stream")], [b"book."])
        self.beats: list[Heartbeat] = []
        self.reports: list[Report] = []
        self.books: list[Book] = []

    def poll(self) -> None:
        while self._pull.poll(0):
            name, payload = self._pull.recv_multipart()
            self._note(decode(name, payload)[1])
        for _, _, message in self._market.receive():
            self._note(message)

    def _note(self, message: Message | None) -> None:
        match message:
            case Heartbeat():
                self.beats.append(message)
            case Report():
                self.reports.append(message)
            case Book():
                self.books.append(message)
            case _:
                pass

    def command(self, action: str) -> None:
        self._lifecycle.send(Command("stream", action, []), topic("command", "stream"))

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.poll()
                await TIMER.SleepAsync(0.01)


@pytest.fixture
async def venue() -> AsyncIterator[VenueServer]:
    config = {"feed": "synthetic", "seed": 1, "symbols": SYMBOLS}
    async with VenueServer(config, TIMER) as venue:
        yield venue


@pytest.fixture
def desk(zmq_context: "zmq.Context[zmq.Socket[bytes]]", run_dir: Path) -> Desk:
    return Desk(zmq_context, run_dir)


def start(run_dir: Path, rest_url: str, ws_url: str, **section: Any) -> Start:
    return Start(
        name="stream",
        kind="stream",
        project="test",
        run_dir=str(run_dir),
        state_dir=str(run_dir),
        incarnation=7,
        epoch=0,
        config={
            "factory": {"name": "SandboxFactory"},
            "general": {"project": "test", "exchange": "BINANCE.FUTURES"},
            "stream": {
                "name": "BINANCE.FUTURES",
                "rest_url": rest_url,
                "ws_url": ws_url,
                "symbols": SYMBOLS,
                "channels": ["book", "trade", "candle"],
                "limits": {"book": 3.0},
                **section,
            },
        },
        streams=["stream"],
        roster=[],
        heartbeat_ns=NS_PER_SECOND // 20,
    )


@asynccontextmanager
async def running(born: Start) -> AsyncIterator["asyncio.Task[int]"]:
    task = asyncio.create_task(StreamWorker(born).run())
    try:
        yield task
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(DEADLINE):
            await task


async def test_worker_becomes_ready_and_publishes(
    venue: VenueServer, desk: Desk, run_dir: Path
) -> None:
    async with running(start(run_dir, venue.rest_url, venue.ws_url)) as task:
        await desk.until(lambda: desk.beats and desk.beats[-1].state == "ready")
        await desk.until(lambda: {one.symbol for one in desk.books} == set(SYMBOLS))
        await desk.until(lambda: "4 symbols, " in desk.beats[-1].note)

        beat = desk.beats[-1]
        assert set(beat.ages["book"]) == set(SYMBOLS)
        assert set(beat.links) == {"public", "market"}
        assert beat.events >= 4
        assert beat.counts["book:BTCUSDT"] >= 1
        assert beat.dropped == 0
    assert task.result() == 0


async def test_commands_heal(venue: VenueServer, desk: Desk, run_dir: Path) -> None:
    async with running(start(run_dir, venue.rest_url, venue.ws_url)):
        await desk.until(lambda: desk.books)

        for action in ("resubscribe", "reconnect", "dance", "hang"):
            desk.command(action)
            have = len(desk.books)
            await desk.until(lambda have=have: len(desk.books) > have + 20)


async def test_worker_is_not_ready_without_the_exchange(desk: Desk, run_dir: Path) -> None:
    async with running(start(run_dir, "http://127.0.0.1:1", "ws://127.0.0.1:1")):
        await desk.until(lambda: len(desk.beats) >= 5)

        assert {beat.state for beat in desk.beats} == {"starting"}
        assert "quiet: BTCUSDT ETHUSDT SOLUSDT and 1 more" in desk.beats[-1].note


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ({"channels": ["bok"]}, "no channel bok"),
        ({"ws_url": "http://127.0.0.1:1"}, "ws_url is 'http://127.0.0.1:1', not like wss://host"),
        ({"name": "NOWHERE"}, "NOWHERE"),
    ],
)
async def test_config_that_cannot_be_is_refused(
    desk: Desk, run_dir: Path, section: dict[str, Any], text: str
) -> None:
    urls = {"rest_url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:1"}
    born = start(run_dir, **(urls | section))
    async with running(born) as task:
        async with asyncio.timeout(DEADLINE):
            assert await task == 2
        await desk.until(lambda: desk.reports)

    assert desk.reports[0].kind == "refused"
    assert text in desk.reports[0].facts["message"]


def test_ready_when_every_symbol_has_brought_data() -> None:
    readiness = Readiness()

    assert not readiness.judge(0, connected=True, symbols=4, quiet=1)
    assert readiness.judge(1, connected=True, symbols=4, quiet=0)


def test_few_quiet_symbols_do_not_hold_back_the_others_for_ever() -> None:
    readiness = Readiness()

    assert not readiness.judge(0, connected=True, symbols=4, quiet=1)
    assert not readiness.judge(QUIET_NS - 1, connected=True, symbols=4, quiet=1)
    assert readiness.judge(QUIET_NS, connected=True, symbols=4, quiet=1)


def test_market_that_is_mostly_quiet_is_not_ready() -> None:
    readiness = Readiness()
    readiness.judge(0, connected=True, symbols=4, quiet=2)

    assert not readiness.judge(10 * QUIET_NS, connected=True, symbols=4, quiet=2)


def test_what_is_not_connected_is_not_ready() -> None:
    readiness = Readiness()
    readiness.judge(0, connected=False, symbols=4, quiet=1)

    assert not readiness.judge(QUIET_NS, connected=False, symbols=4, quiet=1)


def test_what_was_ready_stays_so() -> None:
    readiness = Readiness()
    readiness.judge(0, connected=True, symbols=1, quiet=0)

    assert readiness.judge(1, connected=False, symbols=1, quiet=0)


def test_note_is_one_line_for_a_human() -> None:
    note = Note(4)
    note.text(0, {"events": 0}, [])

    assert (
        note.text(NS_PER_SECOND, {"events": 82, "latency_p50_ns": 1_230_000}, [])
        == "4 symbols, 82 events/s, latency p50 1.2 ms"
    )
    assert note.text(NS_PER_SECOND + 1, {"events": 90}, ["A", "B"]).endswith(", quiet: A B")

"""An exchange worker between a real venue and a test that plays supervisor and bot."""

import asyncio
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import zmq

from lib.bus import endpoints
from lib.bus.protocol import (
    Command,
    Heartbeat,
    Message,
    Method,
    OrderIntent,
    OrderUpdate,
    Report,
    Request,
    Roster,
    decode,
    decode_reply,
    incarnation,
)
from lib.bus.request_sockets import Client
from lib.bus.sockets import Publisher, Subscriber, make_socket
from lib.bus.start import Start
from lib.exchange.bus_pulse import LEASE_EVERY_NS
from lib.exchange.replies import (
    Hello,
    Outcome,
    pack_intents,
    unpack_hello,
    unpack_outcomes,
)
from lib.helpers import decimal
from lib.oms.ids import ClientIds
from lib.oms.leases import LEASE_NS
from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from workers.exchange import STARTING, ExchangeWorker

PROJECT = "bench"
OWNER = "quoter:BTCUSDT"
SYMBOL = "BTCUSDT"
LIFE = incarnation(1, 1)
SECONDS = 8.0


async def until(check: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Return what `check` returns as soon as it is true."""
    async with asyncio.timeout(seconds):
        while True:
            found = check()
            if found:
                return found
            await asyncio.sleep(0.005)


def forget_closed_descriptors() -> None:
    """Drop readers whose descriptors a worker closed by ending: a process would have ended, too."""
    loop: Any = asyncio.get_running_loop()
    for fd in list(loop._selector.get_map()):
        try:
            os.fstat(fd)
        except OSError:
            loop.remove_reader(fd)


class MortalWorker(ExchangeWorker):
    """An exchange worker that can end without touching the account, as by a SIGKILL."""

    killed = False

    async def _leave(self, reason: str) -> None:
        if not self.killed:
            await super()._leave(reason)


class Bench:
    """See the module; an async context manager.

    Args:
        run_dir: Folder of the sockets.
        exchange: What the worker's exchange section has beyond the venue's addresses.
        hedge: The account keeps long and short apart.
        late: The venue is not started, but its address is known.
        venue: What the venue's section has beyond its symbols.
    """

    def __init__(
        self,
        run_dir: Path,
        exchange: dict[str, Any] | None = None,
        *,
        hedge: bool = False,
        late: bool = False,
        venue: dict[str, Any] | None = None,
    ) -> None:
        self.run_dir = run_dir
        self.exchange = exchange or {}
        self.timer = LiveTimer()
        market = {"symbols": [SYMBOL, "ETHUSDT"], "active": [SYMBOL]}
        self.venue = VenueServer({**market, **(venue or {})}, self.timer)
        self.lives: dict[str, tuple[int, str]] = {OWNER: (LIFE, "ready")}
        self._hedge = hedge
        self._late = late
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.ids = ClientIds(PROJECT, OWNER)
        self.updates: list[OrderUpdate] = []
        self.messages: list[Message] = []
        self.beats: list[Heartbeat] = []
        self.reports: list[Report] = []
        self.replies: dict[bytes, tuple[str, list[Any]]] = {}
        self.lifeline = (-1, -1)
        self.awake = True
        """Whether the bots renew their leases."""
        self._lease_due_ns = 0
        self._numbers = itertools.count(1)
        self._life = 1

    async def __aenter__(self) -> Self:
        await self._open_venue()
        self._beats = make_socket(self.context, zmq.PULL)
        self._beats.bind(endpoints.ipc(self.run_dir, endpoints.HEARTBEAT))
        self._lifecycle = Publisher(
            self.context,
            endpoints.ipc(self.run_dir, endpoints.LIFECYCLE),
            LIFE,
            self.timer.Timestamp,
        )
        self._account = Subscriber(
            self.context, [endpoints.ipc(self.run_dir, endpoints.ACCOUNT)], [b""]
        )
        self.client = Client(self.context, endpoints.ipc(self.run_dir, endpoints.ORDERS))
        self._pump = asyncio.create_task(self._receive())
        self.start_worker()
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.running.done():
            await self.stop()
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        self.context.destroy(linger=0)
        await self.venue.stop()

    async def _open_venue(self) -> None:
        await self.venue.start()
        if self._hedge:
            self.venue.engine.fault("mode_flip")
        if self._late:
            await self.venue.stop()

    def cut_lifeline(self) -> None:
        """Die as a supervisor."""
        os.close(self.lifeline[1])
        self.lifeline = (-1, -1)

    def start_worker(self) -> None:
        """Bring up a (next) life of the worker."""
        self.lifeline = os.pipe()
        self.worker = MortalWorker(self.make_start(self.lifeline[0]))
        self.running = asyncio.create_task(self.worker.run())

    def make_start(self, lifeline_fd: int) -> Start:
        """Return the birth certificate of the next life."""
        self._life += 1
        state_dir = self.run_dir / "state" / PROJECT
        state_dir.mkdir(parents=True, exist_ok=True)
        config = {
            "factory": {"name": "SandboxFactory"},
            "general": {"project": PROJECT, "exchange": "BINANCE.FUTURES"},
            "exchange": {
                "name": "BINANCE.FUTURES",
                "rest_url": self.venue.rest_url,
                "ws_url": self.venue.ws_url,
                "key": self.venue.key,
                "secret": self.venue.secret,
                "symbols": [SYMBOL],
                "owners": [OWNER],
                **self.exchange,
            },
        }
        return Start(
            name="exchange",
            kind="exchange",
            project=PROJECT,
            run_dir=str(self.run_dir),
            state_dir=str(state_dir),
            incarnation=incarnation(1, self._life),
            epoch=1,
            config=config,
            streams=[],
            roster=self.rows(),
            heartbeat_ns=50_000_000,
            lifeline_fd=lifeline_fd,
        )

    @property
    def journal(self) -> Path:
        """The orders' journal."""
        return self.run_dir / "state" / PROJECT / "journal.sqlite"

    async def stop(self) -> int:
        """Ask the worker to end, as the supervisor does, and return its exit code."""
        self.worker._finish(0, "requested")
        return await self.ended()

    async def ended(self) -> int:
        """Return the worker's exit code when it has ended."""
        async with asyncio.timeout(2 * SECONDS):
            code = await self.running
        forget_closed_descriptors()
        if self.lifeline[1] >= 0:
            os.close(self.lifeline[1])
            self.lifeline = (-1, -1)
        return code

    async def kill(self) -> None:
        """End the worker without any cleanup of the account."""
        self.worker.killed = True
        await self.stop()

    async def ready(self) -> None:
        """Wait until the worker says that it is ready, and its bots have had time to come back."""
        await until(lambda: self.beats and self.beats[-1].state == "ready")
        await until(lambda: self.worker._reason != STARTING)

    async def connected(self, times: int) -> None:
        """Wait until the account stream has been connected so many times."""
        await until(lambda: self.worker._authority.stream.connects == times)

    def rows(self) -> list[list[Any]]:
        """Return the roster's rows."""
        return [[f"bot:{owner}", life, state] for owner, (life, state) in self.lives.items()]

    def tell_roster(self, halted: tuple[str, ...] = ()) -> None:
        """Publish the roster as it stands."""
        self._lifecycle.send(Roster("running", self.rows(), list(halted)))

    def command(self, action: str, *args: Any) -> None:
        """Send the worker a command."""
        self._lifecycle.send(Command("exchange", action, list(args)))

    async def ask(
        self, method: str, *args: Any, life: int = LIFE, seconds: float = 5.0, owner: str = OWNER
    ) -> tuple[str, list[Any]]:
        """Send one request and return its reply."""
        return await self.reply(
            await self.send(method, *args, life=life, seconds=seconds, owner=owner)
        )

    async def send(
        self, method: str, *args: Any, life: int = LIFE, seconds: float = 5.0, owner: str = OWNER
    ) -> bytes:
        """Send one request and return its id."""
        deadline_ns = self.timer.Monotonic() + int(seconds * 1e9)
        number = str(next(self._numbers)).encode()
        request = Request(method, deadline_ns, owner, life, list(args))
        await until(lambda: self.client.send(number, request))
        return number

    async def reply(self, number: bytes) -> tuple[str, list[Any]]:
        """Return the reply to one request."""
        return await until(lambda: self.replies.get(number))

    async def hello(self, *args: Any, life: int = LIFE, owner: str = OWNER) -> Hello:
        """Say hello and return the answer."""
        status, values = await self.ask(Method.HELLO, *args, life=life, owner=owner)
        assert status == "ok", values
        return unpack_hello(values)

    async def post(
        self, *intents: OrderIntent, life: int = LIFE, owner: str = OWNER
    ) -> list[Outcome]:
        """Place orders and return their outcomes."""
        status, values = await self.ask(Method.POST, *pack_intents(intents), life=life, owner=owner)
        assert status == "ok", values
        return unpack_outcomes(values)

    def intent(
        self,
        qty: str = "0.002",
        price: str = "",
        *,
        side: str = "BUY",
        stop: bool = False,
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> OrderIntent:
        """Return a new order; without price MARKET."""
        client_id = self.ids.next(self.timer.Timestamp())
        return OrderIntent(client_id, SYMBOL, side, qty, price, stop, post_only, reduce_only, "", 0)

    def price(self, factor: str) -> str:
        """Return the best bid times a factor, on the tick."""
        bids, _, _ = self.venue.engine.depth(SYMBOL)
        tick = decimal("0.1")
        return str((bids[0][0] * decimal(factor)) // tick * tick)

    def of(self, client_id: str) -> list[OrderUpdate]:
        """Return the updates told of one order."""
        return [update for update in self.updates if update.id == client_id]

    async def status(self, client_id: str, *wanted: str) -> OrderUpdate:
        """Wait until an order is told to be in one of some states."""
        return await until(
            lambda: next((row for row in self.of(client_id) if row.status in wanted), None)
        )

    def ledger(self) -> dict[str, Any]:
        """Return the venue's truth."""
        return self.venue.engine.ledger()

    def _renew_leases(self) -> None:
        now_ns = self.timer.Monotonic()
        if now_ns < self._lease_due_ns or not self.awake:
            return
        self._lease_due_ns = now_ns + LEASE_EVERY_NS
        for owner, (life, _) in self.lives.items():
            request = Request(Method.LEASE, now_ns + LEASE_NS, owner, life, [[]])
            self.client.send(b"lease", request)

    async def _receive(self) -> None:
        while True:
            self._renew_leases()
            while self._beats.poll(0):
                frames = self._beats.recv_multipart()
                _, message = decode(frames[0], frames[1])
                if isinstance(message, Heartbeat):
                    self.beats.append(message)
                elif isinstance(message, Report):
                    self.reports.append(message)
            for _, _, message in self._account.receive():
                if isinstance(message, OrderUpdate):
                    self.updates.append(message)
                elif message is not None:
                    self.messages.append(message)
            for number, payload in self.client.receive():
                self.replies[number] = decode_reply(payload)
            await asyncio.sleep(0.002)

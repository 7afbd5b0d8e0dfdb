"""Serves the bots' requests: judged by `lib.bus.requests`, answered here or by a task."""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from lib.bus.protocol import (
    Balance,
    Method,
    ReplyStatus,
    Request,
    decode_request,
    encode_reply,
)
from lib.bus.request_sockets import Peer, Server
from lib.bus.requests import Requests, Verdict
from lib.bus.sockets import Publisher
from lib.constants import FINAL
from lib.errors import ExchangeError, OrderRejected, ProtocolError
from lib.exchange.binance.admission import Ticket
from lib.exchange.binance.authority import Authority, Spawn
from lib.exchange.replies import (
    BYE,
    pack_outcomes,
    unpack_intents,
)
from lib.failpoints import failpoint
from lib.logger import AbstractLogger
from lib.oms.history import History
from lib.oms.ids import split_owner
from lib.oms.leases import LEASE_NS
from lib.timer import AbstractTimer
from workers.exchange_greeting import Greeting

MAX_CANDLES = 100_000

Reply = bytes
Handler = Callable[[Request], Reply | Coroutine[Any, Any, Reply]]


class Lines(NamedTuple):
    """What the server answers on, and what it may have to tell again."""

    server: Server
    publisher: Publisher
    history: History


class OrderServer:
    """Answers each request once, whoever repeats it.

    Args:
        authority: Knows and does.
        lines: Sockets, and what was told to each owner.
        timer: The process's timer.
        log: The worker's logger.
        spawn: Starts a task that ends the worker when it fails.
        health: Returns (online, why not).
        on_bye: Told which owner has said that it is done.
    """

    def __init__(
        self,
        authority: Authority,
        lines: Lines,
        timer: AbstractTimer,
        log: AbstractLogger,
        spawn: Spawn,
        health: Callable[[], tuple[bool, str]],
        on_bye: Callable[[str], None],
    ) -> None:
        """Have answered nothing."""
        self._authority = authority
        self._orders = authority.orders
        self._book = authority.book
        self._rules = authority.belief.rules
        self._gateway = authority.gateway
        self._server = lines.server
        self._greeting = Greeting(authority, lines.publisher, lines.history, timer, log, health)
        self._timer = timer
        self._log = log
        self._spawn = spawn
        self._on_bye = on_bye
        self._requests: Requests[Peer] = Requests()
        self._handlers: dict[str, Handler] = {
            Method.HELLO: self._greeting.hello,
            Method.SNAPSHOT: self._greeting.snapshot,
            Method.POST: self._place,
            Method.CANCEL: self._cancel,
            Method.BOOK: self._best,
            Method.BALANCE: self._balance,
            Method.POSITIONS: self._positions,
            Method.CANDLES: self._candles,
            Method.ACK: self._ack,
            BYE: self._bye,
        }
        self.after_send: Callable[[], None] = lambda: None
        self._gives_way = False
        self.served = 0
        self.fenced = 0
        self.bad_frames = 0

    def drain(self) -> None:
        """Take what waits on the socket, up to the first request that needs a task of its own.

        That one gets its turn before the next is looked at, and the one after it, in which its
        bytes leave: an order is on its way sooner, and the cancel behind it finds it known.
        """
        if self._gives_way:
            self._gives_way = False
            return
        for peer, request_id, payload in self._server.receive():
            try:
                request = decode_request(payload)
            except ProtocolError as error:
                self.bad_frames += 1
                self._log.warning("request not understood", error=str(error))
                self._reply(peer, request_id, encode_reply(ReplyStatus.ERROR, 0, str(error)))
                continue
            if self._judge(peer, request_id, request):
                self._gives_way = True
                return

    def _judge(self, peer: Peer, request_id: bytes, request: Request) -> bool:
        """Deal with one request; return whether a task was started for it."""
        alive = self._authority.lives.alive(request.owner)
        if request.method == Method.LEASE:
            self._renew(request, alive)
            return False
        verdict, answer = self._requests.admit(
            request, request_id, peer, alive, self._timer.Monotonic()
        )
        match verdict:
            case Verdict.EXECUTE:
                return self._execute(request_id, request)
            case Verdict.REPEAT:
                self._reply(peer, request_id, answer)
            case Verdict.ATTACH:
                pass
            case Verdict.EXPIRED:
                text = "the deadline had passed"
                self._reply(peer, request_id, encode_reply(ReplyStatus.EXPIRED, 0, text))
            case Verdict.FENCED:
                self.fenced += 1
                text = f"{request.owner} {request.incarnation} may not act; alive: {alive}"
                self._reply(peer, request_id, encode_reply(ReplyStatus.FENCED, 0, text))
        return False

    def _execute(self, request_id: bytes, request: Request) -> bool:
        self.served += 1
        handler = self._handlers.get(request.method)
        try:
            if handler is None:
                raise ProtocolError(f"unknown method {request.method!r}")
            result = handler(request)
        except ProtocolError as error:
            result = encode_reply(ReplyStatus.ERROR, 0, str(error))
        if isinstance(result, bytes):
            self._answer(request_id, request, result)
            return False
        self._spawn(self._finish(request_id, request, result), f"request {request.method}")
        return True

    async def _finish(
        self, request_id: bytes, request: Request, work: Coroutine[Any, Any, Reply]
    ) -> None:
        try:
            reply = await work
        except ProtocolError as error:
            reply = encode_reply(ReplyStatus.ERROR, 0, str(error))
        except ExchangeError as error:
            rejected = isinstance(error, OrderRejected)
            status = ReplyStatus.REJECTED if rejected else ReplyStatus.UNAVAILABLE
            reply = encode_reply(status, error.code, str(error))
        self._answer(request_id, request, reply)

    def _answer(self, request_id: bytes, request: Request, reply: Reply) -> None:
        for peer in self._requests.answer(request, request_id, reply):
            self._reply(peer, request_id, reply)
        if request.method in (Method.POST, Method.CANCEL):
            failpoint(f"{request.method}.after_reply")

    def _reply(self, peer: Peer, request_id: bytes, reply: Reply) -> None:
        self._server.reply(peer, request_id, reply)
        self.after_send()

    # --- methods

    async def _place(self, request: Request) -> Reply:
        intents = unpack_intents(request.args)
        ticket = Ticket(request.owner, request.incarnation, request.deadline_ns)
        outcomes = await self._authority.posting.post(ticket, intents)
        return encode_reply(ReplyStatus.OK, *pack_outcomes(outcomes))

    def _ack(self, request: Request) -> Reply:
        if len(request.args) != 2 or not all(type(number) is int for number in request.args):
            raise ProtocolError("args are not [epoch, sequence]")
        self._greeting.acked(request.owner, *request.args)
        return encode_reply(ReplyStatus.OK)

    def _renew(self, request: Request, alive: int | None) -> None:
        leases = self._authority.leases
        if leases is not None and request.incarnation == alive:
            leases.renew(request.owner, request.incarnation, request.deadline_ns - LEASE_NS)

    def _cancel(self, request: Request) -> Reply:
        ids = request.args[0] if request.args else []
        if not isinstance(ids, list):
            raise ProtocolError("args are not a list of ids")
        ids = [str(client_id) for client_id in ids]
        now_ns = self._gateway.now_ns()
        orders = self._orders
        entering = self._authority.posting.entering.withdraw(request.owner, ids)
        for client_id in ids:
            if client_id not in entering:
                # one that this life of the worker does not know is looked for, and then cancelled
                orders.adopt(request.owner, client_id, request.incarnation, now_ns)
        named = [orders.get(client_id) for client_id in ids]
        concerned = [
            order
            for order in (named if ids else orders.open_orders(request.owner))
            if order is not None and order.owner == request.owner and order.status not in FINAL
        ]
        failpoint("cancel.before_journal")
        self._authority.cancel(concerned)
        failpoint("cancel.after_journal")
        return encode_reply(ReplyStatus.OK, len(concerned) + len(entering))

    async def _best(self, request: Request) -> Reply:
        book = await self._gateway.book(split_owner(request.owner)[1])
        return encode_reply(ReplyStatus.OK, *book)

    def _balance(self, request: Request) -> Reply:
        rules = self._rules.get(split_owner(request.owner)[1])
        asset = rules.quote_asset if rules else ""
        found: Balance | None = self._book.balance(asset)
        if found is None:
            return encode_reply(ReplyStatus.UNAVAILABLE, 0, f"no balance of {asset or '?'} known")
        return encode_reply(ReplyStatus.OK, *found)

    def _positions(self, request: Request) -> Reply:
        return encode_reply(ReplyStatus.OK, *self._book.position(split_owner(request.owner)[1]))

    async def _candles(self, request: Request) -> Reply:
        if len(request.args) != 2 or not all(type(time) is int for time in request.args):
            raise ProtocolError("args are not [start_ns, end_ns]")
        start_ns, end_ns = request.args
        if end_ns - start_ns > MAX_CANDLES * 60 * 10**9:
            raise ProtocolError(f"more than {MAX_CANDLES} candles at once")
        symbol = split_owner(request.owner)[1]
        return encode_reply(ReplyStatus.OK, await self._gateway.candles(symbol, start_ns, end_ns))

    def _bye(self, request: Request) -> Reply:
        self._on_bye(request.owner)
        return encode_reply(ReplyStatus.OK)

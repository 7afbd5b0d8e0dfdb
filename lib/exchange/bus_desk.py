"""The bot's side of the account: orders, position, balance, and what the bot is told of them.

Pure: messages, replies and `now_ns` (monotonic) in; events for the bot and requests (by `send`)
out.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from lib.bus.protocol import (
    Account,
    Balance,
    Book,
    Header,
    Health,
    Message,
    Method,
    OrderIntent,
    OrderUpdate,
    ReplyStatus,
    Request,
    decode_reply,
    topic,
)
from lib.constants import Status
from lib.errors import ProtocolError
from lib.exchange.bus_cancels import Cancels
from lib.exchange.bus_health import Line
from lib.exchange.bus_orders import OwnOrders, to_update
from lib.exchange.bus_outcomes import Conclusion, conclusions
from lib.exchange.bus_pulse import Pulse
from lib.exchange.bus_requests import RequestBook, Waiting
from lib.exchange.bus_sync import ANSWER_SECONDS, RETRY_REFUSED_NS, RETRY_UNSENT_NS, Sync
from lib.exchange.replies import (
    Cursor,
    Snapshot,
    pack_cursor,
    pack_intents,
    unpack_hello,
    unpack_snapshot,
)
from lib.models import Rules, Update
from lib.oms.ids import ClientIds, split_owner
from lib.oms.outcomes import RULE_CODES

Event = Update | Account | Health
Send = Callable[[bytes, Request], bool]

POST_SECONDS = 3.0
"""Until a Post without a reply counts as unknown; the worker does not execute it any later."""
CODES = 1000
"""Error codes kept for who waits for them."""


class Desk:
    """Everything that one bot life knows of its account.

    Args:
        project: Name of the run.
        owner: `<bot name>:<SYMBOL>`.
        incarnation: This life's number.
        send: Sends a request; returns False when nobody is there to take it.
        book_limit_ns: Age beyond which the own symbol's book is stale, 0 for no limit.
    """

    def __init__(
        self, project: str, owner: str, incarnation: int, send: Send, book_limit_ns: int
    ) -> None:
        """Know nothing yet; the first `tick` asks."""
        self.orders = OwnOrders()
        self._cancels = Cancels(self.orders, self._request)
        self.wishes = self._cancels.wishes
        self.line = Line(owner, book_limit_ns)
        self.events: deque[Event] = deque()
        """What the bot must be told, oldest first."""
        self.rules: Rules | None = None
        self.ids = ClientIds(project, owner)
        self.position: Account | None = None
        self.balances: dict[str, Balance] = {}
        self.answers: dict[bytes, list[Any]] = {}
        """Request id -> values of questions that were answered, until they are fetched."""
        self.codes: dict[str, int] = {}
        """Order id -> the exchange's error code, of the newest refusals."""
        self.book: Book | None = None
        """The own symbol's newest, whether the bot was told of it or not."""
        self.market_ns = 0
        """Exchange's time of the newest market event that the bot was told of."""
        self._rules_hold = False
        """False until the rules are known, and after an order was refused by other ones."""
        self.bad_messages = 0
        self._send = send
        self._requests = RequestBook(owner, incarnation)
        self.pulse = Pulse(self._requests, send)
        order_topic = topic("order", owner)
        self._symbol = split_owner(owner)[1]
        self._sync = Sync(order_topic, frozenset({order_topic, topic("account", self._symbol)}))
        self._told = Health("online", healthy=False, reason="starting")

    @property
    def synced(self) -> bool:
        """Return whether position and orders are known without a hole."""
        return self._sync.synced

    def trouble(self, now_ns: int) -> str:
        """Return why no risk may be added now, empty when all is well."""
        return self.line.trouble(now_ns, self._sync.synced)

    def post(self, updates: list[Update], intents: list[OrderIntent], now_ns: int) -> bytes:
        """Send orders that the bot made; return the request's id, empty when nothing was sent."""
        for update in updates:
            self.orders.add(update)
        closed = self.line.closed
        allowed = [intent for intent in intents if not closed or intent.reduce_only]
        for intent in intents:
            if closed and not intent.reduce_only:
                self._conclude(Conclusion(intent.id, Status.NOT_SENT, 0, closed))
        if not allowed:
            return b""
        ids = tuple(intent.id for intent in allowed)
        request_id = self._request(Method.POST, pack_intents(allowed), now_ns, POST_SECONDS, ids)
        if request_id is None:
            for client_id in ids:
                self._conclude(Conclusion(client_id, Status.NOT_SENT, 0, "no exchange worker"))
        return request_id or b""

    def cancel(self, ids: list[str] | None, now_ns: int) -> None:
        """Wish orders gone (None: all of this owner), each until it is final."""
        self._cancels.want(ids, now_ns)

    def ask(self, method: str, args: list[Any], now_ns: int, seconds: float) -> bytes | None:
        """Send a question; return its id, or None when nobody is there to answer.

        The answer's values turn up in `answers`; `is_waiting` tells when none will come.
        """
        return self._request(method, args, now_ns, seconds, ())

    def is_waiting(self, request_id: bytes) -> bool:
        """Return whether an answer in time is still possible."""
        return self._requests.is_waiting(request_id)

    def tick(self, now_ns: int) -> None:
        """Do what is due: ask for a snapshot, repeat cancels, give up on old requests."""
        for waiting in self._requests.overdue(now_ns):
            self._on_overdue(waiting, now_ns)
        if self._sync.is_due(now_ns):
            self._ask_snapshot(now_ns)
        self._cancels.send(now_ns)
        self.pulse.tick(now_ns)
        trouble = self.trouble(now_ns)
        if (not trouble) != self._told.healthy:
            self._told = Health("online", not trouble, trouble)
            self.events.append(self._told)

    def deadline(self) -> int | None:
        """Return when the next `tick` has something to do, None when nothing is foreseen."""
        due = [self._requests.deadline(), self.wishes.deadline(), self.pulse.deadline()]
        if not self._sync.synced and self._sync.asking is None:
            due.append(self._sync.due_ns)
        return min((due_ns for due_ns in due if due_ns is not None), default=None)

    def on_account(self, name: bytes, header: Header, message: Message | None, now_ns: int) -> None:
        """Take in one message of the account channel, `name` being its topic."""
        self.line.heard_ns = now_ns
        if isinstance(message, Health):
            if self.line.on_health(message):
                self.events.append(message)
        elif self._sync.receive(name, header, message, now_ns):
            self._apply(message)

    def on_book(self, book: Book, now_ns: int) -> None:
        """Take in the own symbol's newest book."""
        self.book = book
        self.line.book_ns = now_ns

    def on_reply(self, request_id: bytes, payload: bytes, now_ns: int) -> None:
        """Take in one reply."""
        in_time = self._requests.is_waiting(request_id)
        waiting = self._requests.answered(request_id)
        if waiting is None:
            return
        self.line.heard_ns = now_ns
        try:
            status, values = decode_reply(payload)
            if waiting.method == Method.POST:
                self._on_outcomes(conclusions(waiting.ids, status, values), now_ns)
            elif waiting.method == Method.ACK:
                self.pulse.on_reply(request_id, status, now_ns)
            elif request_id == self._sync.asking:
                self._on_snapshot(waiting.method, status, values, now_ns)
            elif in_time and waiting.method != Method.CANCEL and status == ReplyStatus.OK:
                self.answers[request_id] = values
        except ProtocolError:
            self.bad_messages += 1
            self._on_overdue(waiting, now_ns)

    def _on_outcomes(self, found: list[Conclusion], now_ns: int) -> None:
        for conclusion in found:
            self._conclude(conclusion)
        if any(conclusion.code in RULE_CODES for conclusion in found):
            # What we rounded by is not what the exchange goes by: ask as if we were new.
            self._rules_hold = False
            self._sync.want(now_ns)

    def _on_snapshot(self, method: str, status: str, values: list[Any], now_ns: int) -> None:
        if status != ReplyStatus.OK:
            self._sync.failed(now_ns, RETRY_REFUSED_NS)
            return
        if method == Method.HELLO:
            hello = unpack_hello(values)
            self.rules, self._rules_hold = hello.rules, True
            self.ids.stay_above(hello.highest_id)
            self._adopt(hello.snapshot, now_ns)
        else:
            self._adopt(unpack_snapshot(values), now_ns)

    def _adopt(self, snapshot: Snapshot, now_ns: int) -> None:
        held = self._sync.answered(snapshot.sequences)
        self.line.on_health(Health("exchange", snapshot.online, snapshot.reason))
        self._apply(snapshot.position)
        self._apply(snapshot.balance)
        # Fills first: an open order's state already contains them.
        for update in (*snapshot.missed, *snapshot.orders):
            self._apply(update)
        self.wishes.repeat(now_ns)
        for name, header, message in held:
            if self._sync.receive(name, header, message, now_ns):
                self._apply(message)

    def _apply(self, message: Message | None) -> None:
        match message:
            case OrderUpdate():
                self._apply_order(message)
            case Account() if message.symbol == self._symbol:
                before, self.position = self.position, message
                if before is None or (before.price, before.qty) != (message.price, message.qty):
                    self.events.append(message)
            case Balance():
                self.balances[message.asset] = message
            case _:
                pass

    def _apply_order(self, message: OrderUpdate) -> None:
        try:
            update = to_update(message)
        except ProtocolError:
            self.bad_messages += 1
            return
        told = self.orders.see(update)
        self.pulse.on_fill(message, is_repeat=told is None)
        self._tell(told)

    def _conclude(self, conclusion: Conclusion) -> None:
        if conclusion.code:
            self.codes[conclusion.id] = conclusion.code
            if len(self.codes) > CODES:
                del self.codes[next(iter(self.codes))]
        self._tell(self.orders.conclude(conclusion.id, conclusion.status, conclusion.reason))

    def _tell(self, update: Update | None) -> None:
        if update is not None:
            if update.status.is_final:
                self.wishes.fulfil(update.id)
            self.events.append(update)

    def _on_overdue(self, waiting: Waiting, now_ns: int) -> None:
        if waiting.method in (Method.HELLO, Method.SNAPSHOT):
            self._sync.failed(now_ns, RETRY_REFUSED_NS)
        elif waiting.method == Method.ACK:
            self.pulse.on_overdue(now_ns)
        elif waiting.method == Method.POST:
            for client_id in waiting.ids:
                self._conclude(Conclusion(client_id, Status.UNKNOWN, 0, "no reply in time"))
            # A snapshot's request names the ids that we hold for open: the worker finds out.
            self._sync.want(now_ns)

    def _ask_snapshot(self, now_ns: int) -> None:
        method = Method.SNAPSHOT if self._rules_hold else Method.HELLO
        cursor = Cursor(self._sync.seen, self.orders.open_ids(), self.pulse.handled)
        args = pack_cursor(cursor)
        self._sync.asking = self.ask(method, args, now_ns, ANSWER_SECONDS)
        if self._sync.asking is None:
            self._sync.failed(now_ns, RETRY_UNSENT_NS)

    def _request(
        self, method: str, args: list[Any], now_ns: int, seconds: float, ids: tuple[str, ...]
    ) -> bytes | None:
        request_id, request = self._requests.make(method, args, now_ns, seconds, ids)
        if self._send(request_id, request):
            return request_id
        self._requests.answered(request_id)
        return None

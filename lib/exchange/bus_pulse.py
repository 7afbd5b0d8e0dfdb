"""What a bot tells the exchange worker of itself: that it is awake, and what it has handled (pure).

The lease goes out from the bot's main loop, with the newest market event handled per symbol. A fill
is acknowledged once the handler that got it has returned, and every fill before it was handled.
"""

from collections import deque
from collections.abc import Callable

from lib.bus.protocol import Method, OrderUpdate, ReplyStatus, Request
from lib.constants import NS_PER_MS
from lib.exchange.bus_requests import RequestBook
from lib.exchange.replies import NOWHERE
from lib.models import Update

LEASE_EVERY_NS = 250 * NS_PER_MS
LEASE_SECONDS = 1.0
ACK_SECONDS = 1.0
ACK_AGAIN_NS = 250 * NS_PER_MS
"""Until the next try when nobody was there to take an acknowledgement, or nobody answered."""

FillKey = tuple[str, int, int]
Send = Callable[[bytes, Request], bool]


class Pulse:
    """Leases and acknowledgements of one bot life.

    Args:
        requests: Numbers the life's requests.
        send: Sends one; returns False when nobody is there to take it.
    """

    def __init__(self, requests: RequestBook, send: Send) -> None:
        """Have handled nothing."""
        self.handled: tuple[int, int] = NOWHERE
        """(journal epoch, number) of the newest fill whose handler has returned."""
        self._requests = requests
        self._send = send
        self._told: tuple[int, int] = NOWHERE
        self._telling: tuple[bytes, tuple[int, int]] | None = None
        self._ack_due_ns = 0
        self._lease_due_ns = 0
        self._seen: dict[str, int] = {}
        self._waiting: deque[tuple[FillKey, tuple[int, int]]] = deque()
        self._done: set[FillKey] = set()

    # --- what happens

    def on_market(self, symbol: str, event_ns: int) -> None:
        """Note that a market event was handled."""
        self._seen[symbol] = max(event_ns, self._seen.get(symbol, 0))

    def on_fill(self, message: OrderUpdate, *, is_repeat: bool) -> None:
        """Note a fill that came in; one that was told before is handled already."""
        if not message.fill_sequence:
            return
        key = (message.symbol, message.trade_id, message.exchange_id)
        self._waiting.append((key, (message.fill_epoch, message.fill_sequence)))
        if is_repeat and all(key != other for other, _ in list(self._waiting)[:-1]):
            self._finish(key)

    def on_handled(self, event: object) -> None:
        """Note that the handler of an event has returned."""
        if isinstance(event, Update) and event.trade_id:
            self._finish((event.symbol, event.trade_id, event.exchange_id))

    def on_reply(self, request_id: bytes, status: str, now_ns: int) -> None:
        """Take in the answer to an acknowledgement."""
        if self._telling is None or self._telling[0] != request_id:
            return
        if status == ReplyStatus.OK:
            self._told = self._telling[1]
        self._telling = None
        self._ack_due_ns = now_ns if status == ReplyStatus.OK else now_ns + ACK_AGAIN_NS

    def on_overdue(self, now_ns: int) -> None:
        """Note that an acknowledgement was not answered."""
        self._telling = None
        self._ack_due_ns = now_ns + ACK_AGAIN_NS

    # --- what follows

    def tick(self, now_ns: int) -> None:
        """Send what is due."""
        if now_ns >= self._lease_due_ns:
            self._lease_due_ns = now_ns + LEASE_EVERY_NS
            seen = [[symbol, event_ns] for symbol, event_ns in self._seen.items()]
            self._send(*self._requests.note(Method.LEASE, [seen], now_ns, LEASE_SECONDS))
        if self._telling is None and now_ns >= self._ack_due_ns and self.handled != self._told:
            self._acknowledge(now_ns)

    def deadline(self) -> int:
        """Return when something is due."""
        if self._telling is not None or self.handled == self._told:
            return self._lease_due_ns
        return min(self._lease_due_ns, self._ack_due_ns)

    def _acknowledge(self, now_ns: int) -> None:
        number = self.handled
        request_id, request = self._requests.make(Method.ACK, list(number), now_ns, ACK_SECONDS)
        if self._send(request_id, request):
            self._telling = (request_id, number)
            return
        self._requests.answered(request_id)
        self._ack_due_ns = now_ns + ACK_AGAIN_NS

    def _finish(self, key: FillKey) -> None:
        self._done.add(key)
        while self._waiting and self._waiting[0][0] in self._done:
            done, number = self._waiting.popleft()
            if all(done != other for other, _ in self._waiting):
                self._done.discard(done)
            if number[0] != self.handled[0] or number[1] > self.handled[1]:
                self.handled = number

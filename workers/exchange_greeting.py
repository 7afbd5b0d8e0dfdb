"""What a bot is told of the account when it says hello, or has lost the thread."""

from collections.abc import Callable

from lib.bus.protocol import OrderUpdate, ReplyStatus, Request, encode_reply, topic
from lib.bus.sockets import Publisher
from lib.exchange.binance.authority import Authority
from lib.exchange.replies import (
    NOWHERE,
    Cursor,
    Hello,
    Snapshot,
    pack_hello,
    pack_snapshot,
    unpack_cursor,
)
from lib.logger import AbstractLogger
from lib.oms.history import History
from lib.oms.ids import split_owner
from lib.oms.rows import row_of
from lib.timer import AbstractTimer


class Greeting:
    """Gives each life what belongs to it, and all that it has not been told.

    Args:
        authority: Knows the account.
        publisher: Its sequences say from where to go on.
        history: What was told to each owner.
        timer: The process's timer.
        log: The worker's logger.
        health: Returns (online, why not).
    """

    def __init__(
        self,
        authority: Authority,
        publisher: Publisher,
        history: History,
        timer: AbstractTimer,
        log: AbstractLogger,
        health: Callable[[], tuple[bool, str]],
    ) -> None:
        """Have greeted nobody."""
        self._authority = authority
        self._orders = authority.orders
        self._book = authority.book
        self._rules = authority.belief.rules
        self._gateway = authority.gateway
        self._publisher = publisher
        self._history = history
        self._timer = timer
        self._log = log
        self._health = health
        self._greeted: dict[str, int] = {}

    def hello(self, request: Request) -> bytes:
        """Answer a life's first request, or one that must read the rules again."""
        owner = request.owner
        cursor = unpack_cursor(request.args)
        rules = self._rules.get(split_owner(owner)[1])
        if rules is None:
            text = f"{split_owner(owner)[1]} is not traded here"
            return encode_reply(ReplyStatus.REJECTED, 0, text)
        self._greet(request, cursor)
        reborn = not cursor.open_ids and cursor.seen == NOWHERE
        highest = self._orders.highest_id(owner)
        return encode_reply(
            ReplyStatus.OK,
            *pack_hello(Hello(rules, highest, self._state(owner, cursor, reborn=reborn))),
        )

    def snapshot(self, request: Request) -> bytes:
        """Answer a life that has lost the thread."""
        cursor = unpack_cursor(request.args)
        self._greet(request, cursor)
        snapshot = self._state(request.owner, cursor, reborn=False)
        return encode_reply(ReplyStatus.OK, *pack_snapshot(snapshot))

    def acked(self, owner: str, epoch: int, sequence: int) -> None:
        """Take in that an owner has handled all fills up to a number."""
        row = self._orders.deliveries.ack(owner, epoch, sequence)
        if row is not None:
            self._authority.journal.put([row])

    def _greet(self, request: Request, cursor: Cursor) -> None:
        now_ns = self._gateway.now_ns()
        authority, owner = self._authority, request.owner
        for client_id in cursor.open_ids:
            authority.orders.adopt(owner, client_id, request.incarnation, now_ns)
        self.acked(owner, *cursor.fill)
        if self._greeted.get(owner) == request.incarnation:
            return
        self._greeted[owner] = request.incarnation
        if authority.leases is not None:
            authority.leases.greet(owner, request.incarnation, self._timer.Monotonic())
        claimed = set(cursor.open_ids)
        unclaimed = authority.custody.greeted(owner, request.incarnation, claimed)
        authority.journal.put([row_of(order) for order in authority.orders.open_orders(owner)])
        authority.cancel(unclaimed)
        self._log.info("bot said hello", owner=owner, orders=len(claimed))

    def _missed(self, owner: str, cursor: Cursor, *, reborn: bool) -> list[OrderUpdate]:
        """Return what an owner has not been told; fills of before a new life are replayed."""
        deliveries = self._orders.deliveries
        fills = deliveries.after(owner, *cursor.fill, reborn=reborn)
        if reborn:
            return fills
        epoch, number = cursor.fill
        since = number if deliveries.knows(epoch) else 0
        told = [
            update
            for update in self._history.after(owner, *cursor.seen)
            if update.fill_sequence > since or not update.trade_id
        ]
        numbers = {update.fill_sequence for update in told if update.trade_id}
        fills = [update for update in fills if update.fill_sequence not in numbers]
        # what became of an order while its owner, or this process, was away
        held = [self._orders.get(client_id) for client_id in cursor.open_ids]
        ended = [order.update() for order in held if order is not None and not order.is_open]
        return [*fills, *told, *ended]

    def _state(self, owner: str, cursor: Cursor, *, reborn: bool) -> Snapshot:
        symbol = split_owner(owner)[1]
        rules = self._rules[symbol]
        online, reason = self._health()
        wanted = {topic("order", owner), topic("account", symbol), topic("health", "exchange")}
        sequences = self._publisher.sequences
        return Snapshot(
            position=self._book.position(symbol),
            orders=[order.update() for order in self._orders.open_orders(owner)],
            missed=self._missed(owner, cursor, reborn=reborn),
            balance=self._book.balance(rules.quote_asset),
            sequences={
                name: (self._publisher.incarnation, sequence)
                for name, sequence in sequences.items()
                if name in wanted or name.startswith(b"balance.")
            },
            online=online,
            reason=reason,
        )

"""Belief about every order of ours: reports in, messages and wishes out (pure).

Duplicate and out-of-order reports are harmless; what contradicts the table of `lib.oms.states` is
counted and ignored. `now_ns` is the exchange's clock as we estimate it.
"""

from collections.abc import Iterable

from lib.bus.protocol import OrderIntent
from lib.constants import Status
from lib.oms.actions import Action, Publish, Record
from lib.oms.events import Fill, OrderReport
from lib.oms.known import Known, remember
from lib.oms.proof import LOST, LOST_NS, LOST_UNHEARD, OFTEN, OFTEN_UNHEARD, Proof
from lib.oms.rows import fill_row, row_of
from lib.oms.states import TOMBSTONES, is_legal, is_open
from lib.oms.tracked import Tracked, asked_for, from_intent, from_report
from lib.oms.wishes import (
    doubt_ns,
    due_of,
    first_fetch_ns,
    first_look_ns,
    first_query_ns,
    looks_of,
)

USUAL = Proof()
UNSEEN = (Status.PENDING, Status.UNKNOWN)


class Orders(Known):
    """All orders of one account that carry one of our prefixes.

    Args:
        prefixes: Id prefix -> owner.
        epoch: The journal's number.
        proof: What proves that an order does not exist.
        life: Another number in each life of the process.
    """

    def __init__(
        self, prefixes: dict[str, str], epoch: int = 1, proof: Proof = USUAL, life: int = 1
    ) -> None:
        """Start knowing no order."""
        super().__init__(prefixes, epoch, life)
        self.proof = proof
        self._look_again: dict[str, Tracked] = {}
        """Called absent lately: looked for a few more times, should they appear after all."""

    # --- from our side

    def accept(self, owner: str, incarnation: int, intent: OrderIntent, now_ns: int) -> Tracked:
        """Start following an order that is about to be sent."""
        order = from_intent(owner, incarnation, intent, now_ns, self.proof.window_ms)
        self._follow(order)
        return order

    def adopt(self, owner: str, client_id: str, incarnation: int, now_ns: int) -> None:
        """Find out about an order that its owner holds for open and that nobody here knows."""
        if self.get(client_id) is not None or self.owner_of(client_id) != owner:
            return
        order = asked_for(owner, incarnation, client_id, now_ns)
        self._follow(order)

    def ended(self, owner: str, incarnation: int) -> list[Tracked]:
        """Return what a life that is over has left and that adds risk."""
        return [
            order
            for order in self.open_orders(owner)
            if order.incarnation <= incarnation and not order.is_stop
        ]

    def resend(self, client_id: str, wire_id: str, now_ns: int) -> list[Action]:
        """Note that a later attempt of an order goes out under `wire_id`."""
        order = self._open.get(client_id)
        if order is None:
            return []
        order.wire_id, order.sent_ns = wire_id, now_ns
        return [Record(row_of(order))]

    def end(self, client_id: str, status: Status, reason: str, now_ns: int) -> list[Action]:
        """End an order that definitely does not exist: REJECTED or NOT_SENT."""
        order = self._open.get(client_id)
        if order is None or order.status not in UNSEEN:
            self.counts["late refusal"] += order is not None
            return []
        order.reason, order.event_ns = reason, now_ns
        self._finish(order, status)
        return [_publish(order)]

    def on_unknown(self, client_id: str, reason: str, now_ns: int) -> list[Action]:
        """Note that nobody knows whether an order was placed; queries will tell."""
        order = self._open.get(client_id)
        if order is None or order.status is not Status.PENDING:
            return []
        order.status, order.reason, order.event_ns = Status.UNKNOWN, reason, now_ns
        order.query_due_ns = now_ns + first_query_ns()
        if order.cancel_wanted:
            order.cancel_due_ns = now_ns
        return [_publish(order), *due_of(order, now_ns)]

    def want_cancel(self, orders: Iterable[Tracked], now_ns: int) -> list[Action]:
        """Cancel orders: a standing wish, repeated until each is final."""
        actions: list[Action] = []
        for order in list(orders):
            if order.is_open and not order.cancel_wanted:
                order.cancel_wanted = True
                order.cancel_due_ns = now_ns
                actions += [Record(row_of(order)), *due_of(order, now_ns)]
        return actions

    # --- from the exchange

    def on_report(self, report: OrderReport, now_ns: int) -> list[Action]:
        """Take in what a reply, an event, a query or a list says of one order."""
        order = self.get(report.id) or self._found(report)
        if order is None:
            self.counts["foreign"] += 1
            return []
        before = order.status
        order.learn(report)
        if not report.algo and report.exchange_id:
            remember(self._by_exchange, (order.symbol, report.exchange_id), order.id)
        order.known_ns = order.known_ns or now_ns
        order.missing_ns = order.absent_ns = order.absences = 0
        fill = report.fill if report.fill and self._book(order, report.fill) else None
        self._move(order, report, now_ns)
        if order.status is before and fill is None:
            return []
        actions = [self._tell(order, fill)]
        if order.cancel_wanted and order.is_open and order.status is not before:
            order.cancel_due_ns = now_ns
            actions += due_of(order, now_ns)
        return actions

    def on_fill(self, client_id: str, fill: Fill, now_ns: int) -> list[Action]:
        """Take in one execution that was asked for."""
        order = self.get(client_id)
        if order is None or not self._book(order, fill):
            return []
        order.known_ns = order.known_ns or now_ns
        if order.held is None and is_legal(order.status, Status.PARTIALLY_FILLED):
            order.status = Status.PARTIALLY_FILLED
        self._settle(order, now_ns)
        return [self._tell(order, fill)]

    def on_absent(self, client_id: str, now_ns: int, *, heard: bool = True) -> list[Action]:
        """Take in that no query, list or trade shows an order.

        Two such answers a second apart prove its absence. Where the account stream has not been
        followed since before the order was sent (a former life of the process sent it), its
        silence proves nothing, and twice as many are needed.

        Args:
            client_id: Its id.
            now_ns: The exchange's time, as it said itself before it was asked.
            heard: The account stream was proven since before the order was sent.
        """
        order = self._open.get(client_id)
        if order is None or order.status is not Status.UNKNOWN:
            self.counts["absent though known"] += order is not None
            return []
        if now_ns <= self.proof.over_ns(order) or now_ns - order.absent_ns < self.proof.apart_ns:
            return []
        order.absent_ns = now_ns
        order.absences += 1
        if order.absences < (OFTEN if heard else OFTEN_UNHEARD):
            order.query_due_ns = min(order.query_due_ns, now_ns + self.proof.apart_ns)
            return []
        return self._bury(order, "never reached the exchange", now_ns)

    def on_missing(self, client_id: str, now_ns: int, *, heard: bool) -> bool:
        """Take in that no query or list shows an order that the exchange had.

        Exchanges forget what ended without a fill days ago, and test exchanges are reset.

        Args:
            client_id: Its id.
            now_ns: The exchange's time.
            heard: The account stream was proven since the exchange began to deny it.

        Returns:
            Whether only its trades are still to be read before it is called lost.
        """
        order = self._open.get(client_id)
        if order is None or order.held is not None:
            return False
        self.counts["absent though known"] += 1
        order.missing_ns = order.missing_ns or now_ns
        if now_ns - order.absent_ns >= self.proof.apart_ns:
            order.absent_ns = now_ns
            order.absences += 1
        order.query_due_ns = now_ns + max(doubt_ns(order), self.proof.apart_ns)
        order.cancel_due_ns = max(order.cancel_due_ns, order.query_due_ns)
        often = LOST if heard else LOST_UNHEARD
        return order.absences >= often and now_ns - order.missing_ns >= LOST_NS

    def on_lost(self, client_id: str, now_ns: int) -> list[Action]:
        """End an order that the exchange had and has no more, nobody knows since when."""
        order = self._open.get(client_id)
        if order is None or order.held is not None:
            return []
        self.counts["lost"] += 1
        return self._bury(order, "the exchange no longer has it", now_ns)

    def on_question(self, client_id: str, now_ns: int) -> list[Action]:
        """Take in that a cancel found no such open order: ask what became of it."""
        order = self._open.get(client_id)
        if order is None or order.held is not None:
            return []
        due_ns = now_ns + doubt_ns(order)
        # whoever asks again and again must not put off the answer
        order.query_due_ns = min(order.query_due_ns or due_ns, due_ns)
        order.cancel_due_ns = max(order.cancel_due_ns, order.query_due_ns)
        return due_of(order, now_ns)

    def due(self, now_ns: int) -> list[Action]:
        """Return what is to be asked, cancelled or fetched again by now."""
        actions = [action for order in self._open.values() for action in due_of(order, now_ns)]
        for order in list(self._look_again.values()):
            actions += looks_of(order, now_ns)
            if not order.query_due_ns:
                del self._look_again[order.id]
        return actions

    # --- inside

    def _tell(self, order: Tracked, fill: Fill | None) -> Action:
        if fill is None:
            return _publish(order)
        update = self.deliveries.number(order.update(fill))
        return Publish(update, row_of(order), fill_row(order, fill, update))

    def _found(self, report: OrderReport) -> Tracked | None:
        owner = self.owner_of(report.id)
        if owner is None:
            return None
        order = from_report(owner, report)
        self._follow(order)
        return order

    def _book(self, order: Tracked, fill: Fill) -> bool:
        if fill.trade_id in order.trades or fill.key in self._booked:
            self.counts["repeated fill"] += 1
            return False
        remember(self._booked, fill.key, None)
        order.book(fill)
        self.counts["fills"] += 1
        return True

    def _move(self, order: Tracked, report: OrderReport, now_ns: int) -> None:
        target = report.status
        if order.conditional and not report.algo and target is Status.NEW:
            target = Status.TRIGGERING
        if not is_open(target):
            if is_legal(order.status, target) and order.held is None:
                order.held, order.reason = target, report.reason
        elif target is Status.PARTIALLY_FILLED and not order.filled_qty:
            target = Status.NEW
        if is_open(target) and target is not order.status and order.held is None:
            if is_legal(order.status, target):
                self._reopen(order, target, now_ns)
            else:
                self.counts["stale"] += 1
        unseen = order.status in UNSEEN or order.status in TOMBSTONES
        if order.held is not None and order.lacks_fills and unseen:
            self._reopen(order, Status.NEW, now_ns)
        self._settle(order, now_ns)

    def _bury(self, order: Tracked, reason: str, now_ns: int) -> list[Action]:
        order.reason, order.event_ns = reason, now_ns
        self._finish(order, Status.NOT_PLACED)
        self._look_again[order.id] = order
        order.query_due_ns = now_ns + first_look_ns()
        return [_publish(order)]

    def _reopen(self, order: Tracked, target: Status, now_ns: int) -> None:
        if order.status in TOMBSTONES:
            self.counts["reappeared"] += 1
            self._closed.pop(order.id, None)
            self._look_again.pop(order.id, None)
            self._hold(order)
            order.cancel_wanted, order.cancel_due_ns = True, now_ns
        if order.status is Status.UNKNOWN or order.status in TOMBSTONES:
            order.reason = ""
        order.status = target
        order.query_due_ns = order.absent_ns = order.absences = 0

    def _settle(self, order: Tracked, now_ns: int) -> None:
        if order.lacks_fills:
            if not order.fetch_due_ns:
                order.fetch_due_ns = now_ns + first_fetch_ns()
            return
        order.fetch_due_ns = order.fetches = 0
        if order.held is not None:
            self._finish(order, order.held)


def _publish(order: Tracked) -> Action:
    return Publish(order.update(), row_of(order))

"""Which orders may go out: judged when they arrive, and once more right before they are signed."""

from collections.abc import Callable
from decimal import InvalidOperation
from typing import NamedTuple

from lib.bus.protocol import OrderIntent, ReplyStatus
from lib.constants import NS_PER_SECOND, Status
from lib.errors import OrderRejected
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.rules import check_order
from lib.exchange.replies import Outcome
from lib.helpers import decimal
from lib.logger import AbstractLogger
from lib.oms.ids import made_ns, split_owner
from lib.oms.latches import Repeats
from lib.oms.outcomes import AGAINST_RULES, KEY_CODES
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

OLDEST_NS = 60 * NS_PER_SECOND
"""No request lives so long: an older id may have been used, and forgotten since."""
NOT_THE_BOTS = frozenset({-5021, -5022, -4061, *KEY_CODES})
"""Refusals that are no bot's fault. What the book was like when a FOK or post-only order came: in a
fast market this happens to makers that do everything right. The account's mode, and its key."""


class Ticket(NamedTuple):
    """Who wants something, and until when."""

    owner: str
    incarnation: int
    deadline_ns: int
    """CLOCK_BOOTTIME."""


class Say(NamedTuple):
    """Who has a say before an order that adds risk goes out; each returns why not, "" for yes."""

    refusal: Callable[[Ticket, OrderIntent], str]
    """Asked on arrival."""
    last: Callable[[Ticket, OrderIntent], str]
    """Asked right before signing."""
    risk: Callable[[Tracked], str]
    """Asked once, with the order followed: what it says yes to, it has counted."""
    refused: Callable[[str], None]
    """Told of each refusal that is its owner's fault."""


class Admission:
    """Judges orders and ends those that must not go out.

    Args:
        belief: Orders, lives, hearing and rules.
        desk: Tells what became of an order.
        gateway: Knows the exchange's time.
        timer: The process's timer.
        log: The worker's logger.
        say: See `Say`.
        conditional_entries: Whether conditional orders may add risk, too.
    """

    def __init__(
        self,
        belief: Belief,
        desk: OrderDesk,
        gateway: BinanceGateway,
        timer: AbstractTimer,
        log: AbstractLogger,
        say: Say,
        *,
        conditional_entries: bool,
    ) -> None:
        """Have judged nothing."""
        self._belief = belief
        self._orders = belief.orders
        self._desk = desk
        self._gateway = gateway
        self._timer = timer
        self._log = log
        self._say = say
        self._conditional_entries = conditional_entries
        self._repeats = Repeats()

    def admit(self, ticket: Ticket, intent: OrderIntent) -> Outcome | None:
        """Return None for an order that is now followed and may be sent, else what became of it."""
        known = self._orders.get(intent.id)
        if known is not None:
            return outcome_of(known)
        wrong = self._malformed(ticket, intent)
        if wrong:
            self._log.warning("order not understood", owner=ticket.owner, reason=wrong)
            return Outcome(ReplyStatus.REJECTED, 0, wrong)
        now_ns = self._gateway.now_ns()
        order = self._orders.accept(ticket.owner, ticket.incarnation, intent, now_ns)
        if made_ns(intent.id) < self._timer.Timestamp() - OLDEST_NS:
            return self.end(order, ReplyStatus.EXPIRED, "its id is too old")
        try:
            check_order(self._belief.rules[intent.symbol], intent)
        except OrderRejected as error:
            return self.refuse(order, str(error), AGAINST_RULES)
        return self._judge(ticket, intent, order)

    def last_look(self, ticket: Ticket, intent: OrderIntent) -> Outcome | None:
        """Judge once more; no await may stand between this and the request."""
        order = self._orders.get(intent.id)
        if order is None:
            return Outcome(ReplyStatus.UNKNOWN, 0, "forgotten")
        if order.status is not Status.PENDING:
            return outcome_of(order)
        if order.cancel_wanted:
            return self.end(order, ReplyStatus.UNAVAILABLE, "cancelled before it was sent")
        if self._belief.lives.alive(ticket.owner) != ticket.incarnation:
            return self.end(order, ReplyStatus.FENCED, "the bot's life is over")
        if self._timer.Monotonic() > ticket.deadline_ns:
            return self.end(order, ReplyStatus.EXPIRED, "its deadline passed before it was sent")
        if not intent.reduce_only and (reason := self._say.last(ticket, intent)):
            return self.end(order, ReplyStatus.UNAVAILABLE, reason)
        return None

    def end(self, order: Tracked, reply: str, reason: str) -> Outcome:
        """End an order that was not sent."""
        now_ns = self._gateway.now_ns()
        self._desk.run(self._orders.end(order.id, Status.NOT_SENT, reason, now_ns))
        return Outcome(reply, 0, reason)

    def refuse(
        self, order: Tracked, reason: str, code: int = 0, *, is_bots: bool = True
    ) -> Outcome:
        """End an order that is refused for cause; `is_bots` = a bot has asked for it."""
        self._log.info("order refused", id=order.id, error=reason, final=True)
        now_ns = self._gateway.now_ns()
        self._desk.run(self._orders.end(order.id, Status.REJECTED, reason, now_ns))
        if is_bots and code not in NOT_THE_BOTS:
            self._say.refused(order.owner)
        return Outcome(ReplyStatus.REJECTED, code, reason)

    def on_refused(self, order: Tracked, error: OrderRejected, *, is_bots: bool = True) -> Outcome:
        """End an order that the exchange has refused for cause."""
        if is_bots:
            self._repeats.on_refused(order, error.code, str(error), self._timer.Monotonic())
        return self.refuse(order, str(error), error.code, is_bots=is_bots)

    def on_placed(self, wire_id: str) -> None:
        """Note that the exchange has taken an order."""
        order = self._orders.get(wire_id)
        if order is not None:
            self._repeats.on_taken(order)

    def _judge(self, ticket: Ticket, intent: OrderIntent, order: Tracked) -> Outcome | None:
        cut = self._repeats.cut(order, self._timer.Monotonic())
        if cut is not None:
            return self.refuse(order, cut.reason, cut.code)
        if intent.reduce_only:
            return None
        if intent.stop and not self._conditional_entries:
            # it would rest unseen by the dead-man switch, and trigger without its bot
            return self.refuse(order, "a conditional order must be reduce-only")
        reason = self._say.refusal(ticket, intent)
        if reason:
            return self.end(order, ReplyStatus.UNAVAILABLE, reason)
        reason = self._say.risk(order)
        return self.refuse(order, f"risk: {reason}") if reason else None

    def _malformed(self, ticket: Ticket, intent: OrderIntent) -> str:
        if self._orders.owner_of(intent.id) != ticket.owner:
            return f"{intent.id} is not an id of {ticket.owner}"
        if intent.symbol != split_owner(ticket.owner)[1]:
            return f"{ticket.owner} does not trade {intent.symbol}"
        if intent.symbol not in self._belief.rules:
            return f"{intent.symbol} is not listed"
        if intent.side not in ("BUY", "SELL"):
            return f"side {intent.side!r} is neither BUY nor SELL"
        try:
            sane = decimal(intent.qty).is_finite() and decimal(intent.price or "0").is_finite()
        except InvalidOperation:
            sane = False
        return "" if sane else f"quantity {intent.qty!r} or price {intent.price!r} is no number"


def outcome_of(order: Tracked) -> Outcome:
    """Return what the state of an order answers to whoever posts it again."""
    if order.status is Status.REJECTED:
        return Outcome(ReplyStatus.REJECTED, 0, order.reason)
    if order.status in (Status.NOT_SENT, Status.NOT_PLACED):
        return Outcome(ReplyStatus.UNAVAILABLE, 0, order.reason)
    if order.status in (Status.PENDING, Status.UNKNOWN):
        return Outcome(ReplyStatus.UNKNOWN, 0, order.reason)
    return Outcome(ReplyStatus.OK, 0, "")

"""Places orders for bots, side by side, and says of each what became of it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from decimal import InvalidOperation
from typing import Any, NamedTuple

from lib.bus.protocol import OrderIntent, ReplyStatus
from lib.constants import Status
from lib.errors import (
    ExchangeError,
    ExchangeUnavailable,
    OrderRejected,
    OrderUnknown,
    RateLimited,
)
from lib.exchange.binance.codec import MAX_BATCH
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.rules import check_order
from lib.exchange.replies import Outcome
from lib.helpers import decimal
from lib.logger import AbstractLogger
from lib.oms.events import OrderReport
from lib.oms.ids import intent_id, split_owner
from lib.oms.outcomes import DUPLICATE_ID
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

RETRY_SECONDS = (0.2, 0.4, 0.8)
"""Waits before a MARKET order that definitely was not executed goes out again."""


class Ticket(NamedTuple):
    """Who wants something, and until when."""

    owner: str
    incarnation: int
    deadline_ns: int
    """CLOCK_BOOTTIME."""


class OrderPost:
    """Takes orders of bots to the exchange.

    Args:
        belief: Orders, lives, hearing and rules.
        desk: Does what follows from an outcome.
        gateway: The exchange.
        timer: The process's timer.
        log: The worker's logger.
        refusal: Returns why an order that adds risk may not go out for an owner now, "" if it may.
    """

    def __init__(
        self,
        belief: Belief,
        desk: OrderDesk,
        gateway: BinanceGateway,
        timer: AbstractTimer,
        log: AbstractLogger,
        refusal: Callable[[str], str],
    ) -> None:
        """Have nothing under way."""
        self._belief = belief
        self._orders = belief.orders
        self._desk = desk
        self._gateway = gateway
        self._timer = timer
        self._log = log
        self._refusal = refusal

    async def post(self, ticket: Ticket, intents: Sequence[OrderIntent]) -> list[Outcome]:
        """Place orders side by side; return when the outcome of each is known."""
        outcomes: dict[str, Outcome] = {}
        sent: list[OrderIntent] = []
        for intent in intents:
            refused = self._admit(ticket, intent)
            if refused is None:
                sent.append(intent)
            else:
                outcomes.setdefault(intent.id, refused)
        for group in await asyncio.gather(*self._sendings(ticket, sent)):
            outcomes |= group
        return [outcomes[intent.id] for intent in intents]

    def _admit(self, ticket: Ticket, intent: OrderIntent) -> Outcome | None:
        # Returns None for an order that is now followed and may be sent.
        known = self._orders.get(intent.id)
        if known is not None:
            return _outcome_of(known)
        wrong = self._malformed(ticket, intent)
        if wrong:
            self._log.warning("order not understood", owner=ticket.owner, reason=wrong)
            return Outcome(ReplyStatus.REJECTED, 0, wrong)
        now_ns = self._gateway.now_ns()
        order = self._orders.accept(ticket.owner, ticket.incarnation, intent, now_ns)
        try:
            check_order(self._belief.rules[intent.symbol], intent)
        except OrderRejected as error:
            return self._failed(intent.id, error)
        reason = "" if intent.reduce_only else self._refusal(ticket.owner)
        return self._end(order, ReplyStatus.UNAVAILABLE, reason) if reason else None

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

    # --- sending

    def _sendings(
        self, ticket: Ticket, intents: Sequence[OrderIntent]
    ) -> list[Coroutine[Any, Any, dict[str, Outcome]]]:
        resting = [intent for intent in intents if intent.price and not intent.stop]
        if len(resting) < 2:
            resting = []
        chunks = [resting[at : at + MAX_BATCH] for at in range(0, len(resting), MAX_BATCH)]
        alone = [intent for intent in intents if intent not in resting]
        return [self._send(ticket, intent) for intent in alone] + [
            self._send_batch(ticket, chunk) for chunk in chunks
        ]

    async def _send(self, ticket: Ticket, intent: OrderIntent) -> dict[str, Outcome]:
        return {intent.id: await self._send_one(ticket, intent)}

    async def _send_one(self, ticket: Ticket, intent: OrderIntent) -> Outcome:
        waits = RETRY_SECONDS if not intent.price else ()
        attempt = 1
        while True:
            stopped = self._stopped(ticket, intent.id)
            if stopped is not None:
                return stopped
            try:
                report = await self._gateway.place(intent._replace(id=_wire_id(intent, attempt)))
            except (ExchangeUnavailable, RateLimited) as error:
                # new risk is never queued through a rate limit
                limited = isinstance(error, RateLimited)
                if attempt > len(waits) or (limited and not intent.reduce_only):
                    return self._failed(intent.id, error)
                pause = max(waits[attempt - 1], getattr(error, "retry_after", 0.0))
            except ExchangeError as error:
                return self._failed(intent.id, error)
            else:
                return self._placed(report)
            await self._timer.SleepAsync(pause)
            attempt += 1
            self._orders.resend(intent.id, _wire_id(intent, attempt), self._gateway.now_ns())

    async def _send_batch(
        self, ticket: Ticket, intents: Sequence[OrderIntent]
    ) -> dict[str, Outcome]:
        stopped = {intent.id: self._stopped(ticket, intent.id) for intent in intents}
        outcomes = {name: outcome for name, outcome in stopped.items() if outcome is not None}
        rest = [intent for intent in intents if intent.id not in outcomes]
        if not rest:
            return outcomes
        results: Sequence[OrderReport | ExchangeError]
        try:
            results = await self._gateway.place_batch(rest)
        except ExchangeError as error:
            results = [error] * len(rest)
        for intent, result in zip(rest, results, strict=True):
            if isinstance(result, ExchangeError):
                outcomes[intent.id] = self._failed(intent.id, result)
            else:
                outcomes[intent.id] = self._placed(result)
        return outcomes

    def _stopped(self, ticket: Ticket, client_id: str) -> Outcome | None:
        # The last look before signing; no await may stand between this and the request.
        order = self._orders.get(client_id)
        if order is None:
            return Outcome(ReplyStatus.UNKNOWN, 0, "forgotten")
        if order.status is not Status.PENDING or order.cancel_wanted:
            if order.status is Status.PENDING:
                return self._end(order, ReplyStatus.UNAVAILABLE, "cancelled before it was sent")
            return _outcome_of(order)
        if self._belief.lives.alive(ticket.owner) != ticket.incarnation:
            return self._end(order, ReplyStatus.FENCED, "the bot's life is over")
        if self._timer.Monotonic() > ticket.deadline_ns:
            return self._end(order, ReplyStatus.EXPIRED, "its deadline passed before it was sent")
        return None

    def _placed(self, report: OrderReport) -> Outcome:
        self._belief.hearing.expect_echo(intent_id(report.id), self._timer.Monotonic())
        self._desk.run(self._orders.on_report(report, self._gateway.now_ns()))
        return Outcome(ReplyStatus.OK, 0, "")

    def _failed(self, client_id: str, error: ExchangeError) -> Outcome:
        now_ns = self._gateway.now_ns()
        if isinstance(error, OrderUnknown):
            self._log.warning("order outcome unknown", id=client_id, error=str(error))
            self._desk.run(self._orders.on_unknown(client_id, str(error), now_ns))
            if error.code == DUPLICATE_ID:
                self._desk.run(self._orders.on_question(client_id, now_ns))
            return Outcome(ReplyStatus.UNKNOWN, error.code, str(error))
        rejected = isinstance(error, OrderRejected)
        self._log.info("order refused", id=client_id, error=str(error), final=rejected)
        status = Status.REJECTED if rejected else Status.NOT_SENT
        self._desk.run(self._orders.end(client_id, status, str(error), now_ns))
        reply = ReplyStatus.REJECTED if rejected else ReplyStatus.UNAVAILABLE
        return Outcome(reply, error.code, str(error))

    def _end(self, order: Tracked, reply: str, reason: str) -> Outcome:
        now_ns = self._gateway.now_ns()
        self._desk.run(self._orders.end(order.id, Status.NOT_SENT, reason, now_ns))
        return Outcome(reply, 0, reason)


def _wire_id(intent: OrderIntent, attempt: int) -> str:
    return intent.id if attempt == 1 else f"{intent.id}.{attempt}"


def _outcome_of(order: Tracked) -> Outcome:
    if order.status is Status.REJECTED:
        return Outcome(ReplyStatus.REJECTED, 0, order.reason)
    if order.status in (Status.NOT_SENT, Status.NOT_PLACED):
        return Outcome(ReplyStatus.UNAVAILABLE, 0, order.reason)
    if order.status in (Status.PENDING, Status.UNKNOWN):
        return Outcome(ReplyStatus.UNKNOWN, 0, order.reason)
    return Outcome(ReplyStatus.OK, 0, "")

"""Places orders for bots, side by side, and says of each what became of it.

An order that may add risk is in the journal before its first byte leaves, with the timestamp and
window that its request carries. What only reduces waits for no disk.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, NamedTuple

from lib.bus.protocol import OrderIntent, ReplyStatus
from lib.constants import NS_PER_SECOND, Status
from lib.errors import ExchangeError, OrderRejected, OrderUnknown
from lib.exchange.binance.admission import Admission, Ticket
from lib.exchange.binance.codec import MAX_BATCH
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.drawn_out import drawn_out
from lib.exchange.binance.entering import Entering
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.side_by_side import side_by_side
from lib.exchange.binance.tries import Tries
from lib.exchange.replies import Outcome
from lib.failpoints import failpoint
from lib.journal.abstract_journal import Journal
from lib.logger import AbstractLogger
from lib.oms.events import OrderReport
from lib.oms.exits import Exits
from lib.oms.ids import intent_id
from lib.oms.outcomes import CLOCK_CODES, DUPLICATE_ID, RULE_CODES
from lib.oms.rows import row_of
from lib.timer import AbstractTimer

WRONG_MODE = -4061
"""The position side does not match the account's mode."""


class Preparation(NamedTuple):
    """What a symbol needs before an order that adds risk may go out."""

    quote: Callable[[str], Awaitable[None]]
    """Finds out the price by which risk is measured."""
    arm: Callable[[str], Awaitable[str]]
    """Arms the dead-man switch; returns why it is not armed, "" when it is."""
    recheck: Callable[[], None]
    """Has the account's settings looked at again."""
    reread: Callable[[], None]
    """Has the product's rules read again."""


class OrderPost:
    """Takes orders of bots to the exchange.

    Args:
        belief: Orders, lives, hearing and rules.
        desk: Does what follows from an outcome.
        gateway: The exchange.
        timer: The process's timer.
        log: The worker's logger.
        admission: Says which orders may go out.
        journal: Keeps what was sent.
        exits: Watches orders that only reduce.
        preparation: See `Preparation`.
    """

    def __init__(
        self,
        belief: Belief,
        desk: OrderDesk,
        gateway: BinanceGateway,
        timer: AbstractTimer,
        log: AbstractLogger,
        admission: Admission,
        journal: Journal,
        exits: Exits,
        preparation: Preparation,
    ) -> None:
        """Have nothing under way."""
        self._belief = belief
        self._orders = belief.orders
        self._desk = desk
        self._gateway = gateway
        self._timer = timer
        self._log = log
        self._admission = admission
        self._journal = journal
        self._exits = exits
        self._preparation = preparation
        self.entering = Entering()

    async def post(self, ticket: Ticket, intents: Sequence[OrderIntent]) -> list[Outcome]:
        """Place orders side by side; return when the outcome of each is known."""
        outcomes: dict[str, Outcome] = {}
        accepted: list[OrderIntent] = []
        with self.entering.of(ticket.owner, [intent.id for intent in intents]) as unwanted:
            for symbol in {intent.symbol for intent in intents if not intent.reduce_only}:
                await self._preparation.quote(symbol)
        for intent in intents:
            refused = self._admission.admit(ticket, intent)
            if refused is None:
                accepted.append(intent)
            else:
                outcomes.setdefault(intent.id, refused)
        self._take_back(intent.id for intent in accepted if intent.id in unwanted)
        reducing = [intent for intent in accepted if intent.reduce_only]
        adding = [intent for intent in accepted if not intent.reduce_only]
        work: list[Coroutine[Any, Any, dict[str, Outcome]]] = []
        if reducing:
            work.append(self._send_reducing(ticket, reducing))
        if adding:
            work.append(self._send_adding(ticket, adding))
        for group in await side_by_side(work):
            outcomes |= group
        return [outcomes[intent.id] for intent in intents]

    async def close_position(self, owner: str, life: int, intent: OrderIntent) -> Outcome:
        """Send one reduce-only MARKET order of our own making, whoever lives.

        A doubled one could not overshoot, so that its fate need not be known before the next.
        """
        self._orders.accept(owner, life, intent, self._gateway.now_ns())
        self._journal.put(self._stamp([intent]))
        try:
            return self._placed(await self._place(intent))
        except ExchangeError as error:
            return self._failed(intent.id, error, is_bots=False)

    def _take_back(self, ids: Iterable[str]) -> None:
        orders = [order for order in map(self._orders.get, ids) if order is not None]
        self._desk.run(self._orders.want_cancel(orders, self._gateway.now_ns()))

    async def _send_reducing(
        self, ticket: Ticket, intents: Sequence[OrderIntent]
    ) -> dict[str, Outcome]:
        self._journal.put(self._stamp(intents))
        begun_ns = self._timer.Monotonic()
        outcomes = await self._send_all(ticket, intents)
        for name, outcome in outcomes.items():
            order = self._orders.get(name)
            missed = outcome.status in (ReplyStatus.UNKNOWN, ReplyStatus.UNAVAILABLE)
            if outcome.status == ReplyStatus.OK:
                self._exits.passed(ticket.owner)
            elif missed and not (order is not None and order.cancel_wanted):
                self._exits.failed(ticket.owner, outcome.message, begun_ns)
        return outcomes

    async def _send_adding(
        self, ticket: Ticket, intents: Sequence[OrderIntent]
    ) -> dict[str, Outcome]:
        unarmed = ""
        if any(intent.price and not intent.stop for intent in intents):
            unarmed = await self._preparation.arm(intents[0].symbol)
        reason = unarmed or await self._write(intents)
        if reason:
            return {intent.id: self._give_up(intent.id, reason) for intent in intents}
        return await self._send_all(ticket, intents)

    async def _write(self, intents: Sequence[OrderIntent]) -> str:
        failpoint("post.before_journal")
        reason = await self._journal.commit(self._stamp(intents))
        failpoint("post.after_journal")
        return reason

    def _stamp(self, intents: Sequence[OrderIntent]) -> list[Any]:
        now_ns = self._gateway.now_ns()
        orders = [self._orders.get(intent.id) for intent in intents]
        for order in orders:
            if order is not None and order.status is Status.PENDING:
                order.sent_ns = now_ns
        return [row_of(order) for order in orders if order is not None]

    # --- sending

    async def _send_all(self, ticket: Ticket, intents: Sequence[OrderIntent]) -> dict[str, Outcome]:
        resting = [intent for intent in intents if intent.price and not intent.stop]
        if len(resting) < 2:
            resting = []
        chunks = [resting[at : at + MAX_BATCH] for at in range(0, len(resting), MAX_BATCH)]
        work: list[Coroutine[Any, Any, dict[str, Outcome]]] = [
            self._send(ticket, intent) for intent in intents if intent not in resting
        ]
        work += [self._send_batch(ticket, chunk) for chunk in chunks]
        outcomes: dict[str, Outcome] = {}
        for group in await side_by_side(work):
            outcomes |= group
        return outcomes

    async def _send(self, ticket: Ticket, intent: OrderIntent) -> dict[str, Outcome]:
        return {intent.id: await self._send_one(ticket, intent)}

    async def _send_one(self, ticket: Ticket, intent: OrderIntent) -> Outcome:
        tries = Tries(intent)
        attempt = 1
        while True:
            stopped = self._admission.last_look(ticket, intent)
            if stopped is not None:
                return stopped
            try:
                report = await self._place(intent._replace(id=_wire_id(intent, attempt)))
            except ExchangeError as error:
                pause = tries.pause_after(error)
                if pause is None or self._is_too_late(ticket, pause):
                    return self._failed(intent.id, error)
                if error.code in CLOCK_CODES:
                    await self._set_clock()
            else:
                return self._placed(report)
            await self._timer.SleepAsync(pause)
            attempt += 1
            reason = await self._renew(intent, attempt)
            if reason:
                return self._give_up(intent.id, reason)

    def _is_too_late(self, ticket: Ticket, pause: float) -> bool:
        return self._timer.Monotonic() + round(pause * NS_PER_SECOND) > ticket.deadline_ns

    async def _place(self, intent: OrderIntent) -> OrderReport:
        order = self._orders.get(intent.id)
        stamp_ns = order.sent_ns if order is not None else 0
        return await drawn_out("post", self._gateway.place(intent, stamp_ns), self._timer)

    async def _renew(self, intent: OrderIntent, attempt: int) -> str:
        # Another attempt has another timestamp: absence is proven from the newest one.
        now_ns = self._gateway.now_ns()
        self._desk.run(self._orders.resend(intent.id, _wire_id(intent, attempt), now_ns))
        order = self._orders.get(intent.id)
        if intent.reduce_only or order is None:
            return ""
        return await self._journal.commit([row_of(order)])

    async def _send_batch(
        self, ticket: Ticket, intents: Sequence[OrderIntent]
    ) -> dict[str, Outcome]:
        stopped = {intent.id: self._admission.last_look(ticket, intent) for intent in intents}
        outcomes = {name: outcome for name, outcome in stopped.items() if outcome is not None}
        rest = [intent for intent in intents if intent.id not in outcomes]
        if not rest:
            return outcomes
        first = self._orders.get(rest[0].id)
        stamp_ns = first.sent_ns if first is not None else 0
        results: Sequence[OrderReport | ExchangeError]
        try:
            request = self._gateway.place_batch(rest, stamp_ns)
            results = await drawn_out("post", request, self._timer)
        except ExchangeError as error:
            if error.code in CLOCK_CODES:
                # the next quote has the right time; a batch is not worth a second try
                await self._set_clock()
            results = [error] * len(rest)
        for intent, result in zip(rest, results, strict=True):
            if isinstance(result, ExchangeError):
                outcomes[intent.id] = self._failed(intent.id, result)
            else:
                outcomes[intent.id] = self._placed(result)
        return outcomes

    async def _set_clock(self) -> None:
        try:
            await self._gateway.sync_clock()
        except ExchangeError as error:
            self._log.warning("clock not measured", error=str(error))

    # --- what became of it

    def _placed(self, report: OrderReport) -> Outcome:
        self._belief.hearing.expect_echo(intent_id(report.id), self._timer.Monotonic())
        self._admission.on_placed(report.id)
        self._desk.run(self._orders.on_report(report, self._gateway.now_ns()))
        return Outcome(ReplyStatus.OK, 0, "")

    def _failed(self, client_id: str, error: ExchangeError, *, is_bots: bool = True) -> Outcome:
        order = self._orders.get(client_id)
        if isinstance(error, OrderUnknown) or order is None:
            return self._unknown(client_id, error)
        if error.code == WRONG_MODE:
            self._preparation.recheck()
        if error.code in RULE_CODES:
            self._preparation.reread()
        if isinstance(error, OrderRejected):
            return self._admission.on_refused(order, error, is_bots=is_bots)
        self._log.info("order not sent", id=client_id, error=str(error))
        outcome = self._admission.end(order, ReplyStatus.UNAVAILABLE, str(error))
        return outcome._replace(code=error.code)

    def _unknown(self, client_id: str, error: ExchangeError) -> Outcome:
        now_ns = self._gateway.now_ns()
        self._log.warning("order outcome unknown", id=client_id, error=str(error))
        self._desk.run(self._orders.on_unknown(client_id, str(error), now_ns))
        if error.code == DUPLICATE_ID:
            self._desk.run(self._orders.on_question(client_id, now_ns))
        return Outcome(ReplyStatus.UNKNOWN, error.code, str(error))

    def _give_up(self, client_id: str, reason: str) -> Outcome:
        order = self._orders.get(client_id)
        if order is None:
            return Outcome(ReplyStatus.UNKNOWN, 0, "forgotten")
        return self._admission.end(order, ReplyStatus.UNAVAILABLE, reason)


def _wire_id(intent: OrderIntent, attempt: int) -> str:
    return intent.id if attempt == 1 else f"{intent.id}.{attempt}"

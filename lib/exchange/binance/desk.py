"""Does what `lib.oms` wants done: tells, cancels, asks; one task per request, none blocking."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple

from lib.bus.protocol import OrderUpdate
from lib.errors import ExchangeError, OrderUnknown, RateLimited
from lib.exchange.binance.drawn_out import drawn_out
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.telling import Telling
from lib.journal.abstract_journal import Journal
from lib.logger import AbstractLogger
from lib.models import Rules
from lib.oms.actions import Action, CancelOrder, FetchFills, Publish, QueryOrder, Record
from lib.oms.budget import Priority
from lib.oms.events import Fill, OrderReport
from lib.oms.hearing import Hearing
from lib.oms.ids import intent_id
from lib.oms.lives import Lives
from lib.oms.orders import Orders
from lib.oms.outcomes import GONE_CODES, TRIGGERING
from lib.timer import AbstractTimer


class Belief(NamedTuple):
    """What the desk works on; shared with the rest of the worker."""

    orders: Orders
    lives: Lives
    hearing: Hearing
    rules: dict[str, Rules]


Ask = Callable[[QueryOrder], Coroutine[Any, Any, None]]


async def nobody_asks(_action: QueryOrder) -> None:
    """Find out nothing: until somebody is there who asks."""


class OrderDesk:
    """Sends requests to the exchange and feeds what comes of them back into the belief.

    Args:
        belief: Orders, lives, hearing and rules.
        gateway: The exchange.
        timer: The process's timer.
        log: The worker's logger.
        spawn: Starts a task that ends the worker when it fails.
        telling: Tells an owner about its order.
        journal: Keeps what is not told.
    """

    def __init__(
        self,
        belief: Belief,
        gateway: BinanceGateway,
        timer: AbstractTimer,
        log: AbstractLogger,
        spawn: Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"],
        telling: Telling,
        journal: Journal,
    ) -> None:
        """Have nothing under way."""
        self._belief = belief
        self._orders = belief.orders
        self._gateway = gateway
        self._timer = timer
        self._log = log
        self._spawn = spawn
        self.telling = telling
        self._journal = journal
        self.ask: Ask = nobody_asks
        """Finds out what became of an order."""
        self.on_fill: Callable[[OrderUpdate], None] = lambda _update: None
        self._under_way: set[tuple[type[Any], str]] = set()

    def run(self, actions: Iterable[Action]) -> None:
        """Do what is wanted: publish at once, start a task for everything else."""
        for action in actions:
            match action:
                case Publish(update, _, fill):
                    if fill is not None:
                        self.on_fill(update)
                    self.telling.tell(action)
                case Record(order):
                    self._journal.put([order])
                case CancelOrder() if not self._is_held_back(action.id):
                    self._start(action, self._cancel(action))
                case QueryOrder():
                    self._start(action, self.ask(action))
                case FetchFills():
                    self._start(action, self._fetch(action))

    def learn(self, report: OrderReport) -> bool:
        """Take in what a read has shown; return whether it was news.

        News that the account stream should have told counts against the stream.
        """
        now_ns = self._gateway.now_ns()
        actions = self._orders.on_report(report, now_ns)
        self.run(actions)
        if any(isinstance(action, Publish) for action in actions):
            self.blame(now_ns - report.event_ns)
            return True
        return False

    def book(self, client_id: str, fill: Fill) -> bool:
        """Take in an execution that a read has shown; return whether it was news."""
        now_ns = self._gateway.now_ns()
        actions = self._orders.on_fill(client_id, fill, now_ns)
        self.run(actions)
        if actions:
            self.blame(now_ns - fill.event_ns)
        return bool(actions)

    # --- asking and cancelling

    def _start(self, action: Action, work: Coroutine[Any, Any, None]) -> None:
        key = (type(action), "" if isinstance(action, Publish | Record) else action.id)
        if key in self._under_way:
            work.close()
            return
        task = self._spawn(work, f"{type(action).__name__} {key[1]}")
        self._under_way.add(key)
        task.add_done_callback(lambda _task: self._under_way.discard(key))

    async def _cancel(self, action: CancelOrder) -> None:
        kinds = [True, False] if action.has_child else [action.conditional]
        for conditional in kinds:
            try:
                request = self._gateway.cancel(action.symbol, action.id, conditional=conditional)
                report = await drawn_out("cancel", request, self._timer)
            except OrderUnknown as error:
                if error.code in GONE_CODES or error.code == TRIGGERING:
                    now_ns = self._gateway.now_ns()
                    self.run(self._orders.on_question(intent_id(action.id), now_ns))
                continue
            except RateLimited:
                continue
            except ExchangeError as error:
                self._log.warning("cancel failed", id=action.id, error=str(error))
                continue
            if report is not None:
                self.run(self._orders.on_report(report, self._gateway.now_ns()))
            elif conditional:
                now_ns = self._gateway.now_ns()
                self.run(self._orders.on_question(intent_id(action.id), now_ns))

    def _is_held_back(self, client_id: str) -> bool:
        # What the exchange denies to have must not use up what cancels of the rest need.
        order = self._orders.get(client_id)
        now_ns = self._gateway.now_ns()
        missing = order is not None and order.missing_ns > 0
        return missing and self._gateway.budget.wait_ns(now_ns, Priority.DOUBT) > 0

    async def _fetch(self, action: FetchFills) -> None:
        try:
            fills = await self._gateway.user_trades(action.symbol, order_id=action.exchange_id)
        except ExchangeError as error:
            self._log.debug("fills not read", id=action.id, error=str(error))
            return
        for fill in fills:
            self.book(action.id, fill)

    def blame(self, fact_age_ns: int) -> None:
        """Hold a fact that a read has shown against the stream, if that should have told it."""
        now_ns = self._timer.Monotonic()
        if self._belief.hearing.is_blamed(fact_age_ns, now_ns):
            self._belief.hearing.on_missed(now_ns)

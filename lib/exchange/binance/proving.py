"""Finds out what became of an order: asks for it, and proves its absence before it believes in it.

Nothing here leans on our own clock: the exchange's own word says that the request's window is over.
"""

from lib.constants import NS_PER_SECOND
from lib.errors import ExchangeError
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.shared import Shared
from lib.exchange.binance.sweeping import Sweeping
from lib.logger import AbstractLogger
from lib.oms.actions import QueryOrder
from lib.oms.budget import Priority
from lib.oms.events import OrderReport
from lib.oms.ids import intent_id
from lib.oms.states import WORKING
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

AGAIN_NS = 2 * NS_PER_SECOND
"""After a question that has failed."""
SOON_NS = NS_PER_SECOND // 20
"""After the moment from which on absence can be proven."""


class Proving:
    """Answers the question what an order is.

    Args:
        belief: Orders, lives, hearing and rules.
        desk: Takes in what is found.
        gateway: The exchange.
        sweeping: Reads the trades.
        timer: The process's timer.
        log: The worker's logger.
    """

    def __init__(
        self,
        belief: Belief,
        desk: OrderDesk,
        gateway: BinanceGateway,
        sweeping: Sweeping,
        timer: AbstractTimer,
        log: AbstractLogger,
    ) -> None:
        """Have asked nothing."""
        self._orders = belief.orders
        self._hearing = belief.hearing
        self._desk = desk
        self._gateway = gateway
        self._sweeping = sweeping
        self._timer = timer
        self._log = log
        # many orders of one symbol are often in doubt at once: one list serves all
        self._lists: Shared[list[OrderReport]] = Shared()

    async def ask(self, action: QueryOrder) -> None:
        """Ask for one order and take in the answer; a question that fails proves nothing."""
        name = intent_id(action.id)
        try:
            order = self._orders.get(name)
            if order is not None and order.missing_ns and self._is_scarce():
                return
            if order is not None and order.status in WORKING:
                await self._look_for(order, action)
                return
            witness_ns = await self._witness(order)
            report = await self._look(action)
            if report is not None:
                self._desk.learn(report)
            elif order is not None and not witness_ns:
                self._await_proof(order)
            elif order is not None and await self._sweeping.sweep(order.symbol):
                heard = self._was_heard_since(order.sent_ns)
                self._desk.run(self._orders.on_absent(name, witness_ns, heard=heard))
        except ExchangeError as error:
            self._log.debug("query failed", id=action.id, error=str(error))
            self._orders.ask_again(name, self._gateway.now_ns() + AGAIN_NS)

    def _is_scarce(self) -> bool:
        # what the exchange denies to have must not use up what a start or a read needs
        return self._gateway.budget.wait_ns(self._gateway.now_ns(), Priority.DOUBT) > 0

    async def _look_for(self, order: Tracked, action: QueryOrder) -> None:
        # what the exchange had: its trades are read only when nothing else is left to ask
        report = await self._look(action)
        if report is not None:
            self._desk.learn(report)
            return
        now_ns = self._gateway.now_ns()
        heard = self._was_heard_since(order.missing_ns or now_ns)
        if self._orders.on_missing(order.id, now_ns, heard=heard) and await self._sweeping.sweep(
            order.symbol
        ):
            self._log.error("the exchange no longer has an order", id=order.id)
            self._desk.run(self._orders.on_lost(order.id, now_ns))

    async def _witness(self, order: Tracked | None) -> int:
        """Return the exchange's time once an order's request can no longer be taken, else 0."""
        if order is None:
            return 0
        over_ns = self._orders.proof.over_ns(order)
        # spares the exchange a question whose answer is known already
        if self._gateway.now_ns() <= over_ns:
            return 0
        server_ns = await self._gateway.server_ns()
        return server_ns if server_ns > over_ns else 0

    def _await_proof(self, order: Tracked) -> None:
        # the first answer that counts must not wait for the turn of an ordinary question
        over_ns = self._orders.proof.over_ns(order)
        self._orders.ask_by(order.id, max(over_ns, self._gateway.now_ns()) + SOON_NS)

    async def _look(self, action: QueryOrder) -> OrderReport | None:
        report = await self._gateway.query(action.symbol, action.id, conditional=action.conditional)
        if report is not None:
            return report
        name = intent_id(action.id)
        listed = await self._lists.get(
            action.symbol, lambda: self._gateway.open_orders([action.symbol])
        )
        return next((row for row in listed if intent_id(row.id) == name), None)

    def _was_heard_since(self, sent_ns: int) -> bool:
        now_ns = self._timer.Monotonic()
        return self._hearing.is_proven_since(now_ns - (self._gateway.now_ns() - sent_ns))

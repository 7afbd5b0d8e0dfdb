"""Carries plans to the exchange, and knows every own order and which level it belongs to."""

from collections.abc import Sequence
from decimal import Decimal

from bot.clp.level import Level
from bot.clp.liquidation import Liquidation
from bot.clp.open_orders import OpenOrder, OpenOrders
from bot.clp.reconcile import Plan
from lib.constants import NS_PER_SECOND, Side, Status
from lib.errors import ExchangeError
from lib.exchange import AbstractExchange
from lib.helpers import side_of
from lib.logger import AbstractLogger
from lib.models import ZERO, Order, Update
from lib.timer import AbstractTimer

POLL_SECONDS = 0.01
REFUSALS_NS = 60 * NS_PER_SECOND
"""The same refusal is logged once in this time."""
REFUSED = frozenset({Status.REJECTED, Status.NOT_SENT, Status.NOT_PLACED, Status.EXPIRED})


class Desk:
    """Posts and cancels in batches, asynchronously.

    Args:
        exchange: The exchange.
        levels: All levels.
        logger: Told of refusals.
        timer: The process's timer.
    """

    def __init__(
        self,
        exchange: AbstractExchange,
        levels: Sequence[Level],
        logger: AbstractLogger,
        timer: AbstractTimer,
    ) -> None:
        """Have nothing open."""
        self.orders = OpenOrders()
        self._exchange = exchange
        self._levels = levels
        self._logger = logger
        self._timer = timer
        self._refusal = ""
        self._refusal_ns = 0

    def carry_out(self, plan: Plan) -> None:
        """Post what is new and cancel what is old, one batch each."""
        if plan.posts:
            self._post(plan)
        self._cancel(plan.cancels)

    def withdraw(self) -> None:
        """Cancel all quotes at once; nothing is wanted any more."""
        for level in self._levels:
            level.clear()
        self._cancel([order.id for order in self.orders.quotes()])

    def release_stops(self) -> None:
        """Cancel the protective stops that a former life has left."""
        self._cancel([order.id for order in self.orders.stops()])

    def liquidate(self, liquidation: Liquidation, qty: Decimal, now_ns: int) -> None:
        """Take the next step of a liquidation, if one is due.

        Args:
            liquidation: Says what is due.
            qty: Signed position.
            now_ns: Monotonic.
        """
        order_qty = liquidation.next(qty, now_ns)
        if order_qty is None:
            return
        try:
            client_id = self._exchange.Post(order_qty, reduce_only=True, tag="liquidation")
        except ExchangeError as error:
            self._refused(str(error))
            liquidation.failed(now_ns)
            return
        order = OpenOrder(client_id, side_of(order_qty), ZERO, abs(order_qty), reduce_only=True)
        self.orders.add(order)
        liquidation.sent(client_id, now_ns)
        self._logger.info("liquidating", id=client_id, qty=order_qty)

    def on_order(self, update: Update) -> None:
        """Take in an order's news; a quote that nobody here has posted is cancelled."""
        is_found = self.orders.on_update(update)
        if update.status.is_final:
            for level in self._levels:
                level.on_final(update.id)
            if update.status in REFUSED:
                self._refused(f"{update.status}: {update.reason}")
        elif is_found and not update.reduce_only:
            self._cancel([update.id])

    def clear_out(self, *, keep_stops: bool, seconds: float) -> bool:
        """Cancel and wait until it is seen through, while no handler is called.

        Args:
            keep_stops: Leave protective stops alone.
            seconds: Longest wait.

        Returns:
            Whether nothing that adds risk is left, as far as one can see.
        """
        if keep_stops:
            self.withdraw()
        else:
            self._exchange.Cancel()
        end_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)
        while self._left():
            if self._timer.Monotonic() >= end_ns:
                return False
            self._timer.Sleep(POLL_SECONDS)
        return True

    def _left(self) -> bool:
        return any(not order.reduce_only for order in self._exchange.open_orders())

    def _post(self, plan: Plan) -> None:
        orders = [
            Order(
                slot.qty if slot.side is Side.BUY else -slot.qty,
                slot.price,
                post_only=True,
                tag=level.config.name,
            )
            for level, slot in plan.posts
        ]
        try:
            ids = self._exchange.PostList(orders)
        except ExchangeError as error:
            # Nothing was sent; the levels are tried again after their holding time.
            self._refused(str(error))
            for _, slot in plan.posts:
                slot.ended = True
            return
        for (_, slot), client_id in zip(plan.posts, ids, strict=True):
            slot.id = client_id
            self.orders.add(OpenOrder(client_id, slot.side, slot.price, slot.qty))

    def _cancel(self, ids: list[str]) -> None:
        new = self.orders.leave(ids)
        if new:
            self._exchange.Cancel(new)

    def _refused(self, reason: str) -> None:
        now_ns = self._timer.Monotonic()
        if reason != self._refusal or now_ns - self._refusal_ns > REFUSALS_NS:
            self._refusal, self._refusal_ns = reason, now_ns
            self._logger.warning("refused", reason=reason)

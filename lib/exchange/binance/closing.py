"""The last thing an exchange worker does: cancel what bots have left, and prove that it is gone."""

import asyncio
import contextlib
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.errors import ExchangeError
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.strangers import Strangers
from lib.helpers import plain
from lib.oms.account import AccountBook
from lib.oms.ids import intent_id
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

STEP_SECONDS = 0.02
AGAIN_SECONDS = 0.2
ASK_SECONDS = 1.0
SILENT_SECONDS = 2.5
"""An exchange that has answered nothing for so long is given up: more tries change nothing."""


class Closing:
    """Cancels by id, in every round, whatever is still open and not kept on purpose.

    Args:
        belief: Orders, lives, hearing and rules.
        book: Positions and balances.
        desk: Does what follows.
        gateway: The exchange.
        strangers: Tells what is not ours to touch.
        timer: The process's timer.
    """

    def __init__(
        self,
        belief: Belief,
        book: AccountBook,
        desk: OrderDesk,
        gateway: BinanceGateway,
        strangers: Strangers,
        timer: AbstractTimer,
    ) -> None:
        """Have done nothing."""
        self._orders = belief.orders
        self._symbols = list(belief.rules)
        self._book = book
        self._desk = desk
        self._gateway = gateway
        self._strangers = strangers
        self._timer = timer
        self.kept: list[dict[str, Any]] = []
        """Reduce-only stops that stay with their position; `id`, `owner`, `symbol`, `side`, `qty`,
        `price` of each."""
        self.stops: list[Tracked] = []
        """The same."""
        self.stuck: list[str] = []
        """Ids of orders that could not be proven gone."""
        self.why = ""
        """Why they could not."""
        self._begun_ns = self._end_ns = 0

    async def cancel_all(self, seconds: float) -> None:
        """Cancel and verify, for at most `seconds`; less where nobody answers."""
        self._begun_ns = self._timer.Monotonic()
        self._end_ns = self._begun_ns + round(seconds * NS_PER_SECOND)
        self._hurry()
        while True:
            await self._cancel_known()
            proven = await self._verify()
            left = [order for order in self._orders.open_orders() if not self._stays(order)]
            if (proven and not left and self._is_known()) or not self._left_seconds():
                break
            await self._timer.SleepAsync(AGAIN_SECONDS)
        self.stuck = [order.id for order in left]
        self.why = self._reason() if left else ""
        self.stops = [order for order in self._orders.open_orders() if self._stays(order)]
        self.kept = [_facts(order) for order in self.stops]

    def _hurry(self) -> None:
        # What has failed often waits long for its next try, and there is no time for that now.
        now_ns = self._gateway.now_ns()
        for order in self._orders.open_orders():
            order.cancels = order.queries = order.fetches = 0
            order.cancel_due_ns = min(order.cancel_due_ns, now_ns)
            order.query_due_ns = min(order.query_due_ns, now_ns)
            order.fetch_due_ns = min(order.fetch_due_ns, now_ns)

    def _silent_since_ns(self) -> int:
        return max(self._begun_ns, self._gateway.answered_ns)

    def _left_seconds(self) -> float:
        """Return what is left of the time, 0 when it is over or nobody answers."""
        silent_ns = self._silent_since_ns() + round(SILENT_SECONDS * NS_PER_SECOND)
        left_ns = min(self._end_ns, silent_ns) - self._timer.Monotonic()
        return max(0, left_ns) / NS_PER_SECOND

    def _reason(self) -> str:
        limited = self._gateway.budget.trouble(self._gateway.now_ns())
        if self._gateway.key_trouble or limited:
            return self._gateway.key_trouble or limited
        silent_ns = self._timer.Monotonic() - self._silent_since_ns()
        if silent_ns >= SILENT_SECONDS * NS_PER_SECOND:
            return f"{self._gateway.rest_url} does not answer"
        return "their state could not be found out in time"

    async def _cancel_known(self) -> None:
        while self._left_seconds():
            left = [order for order in self._orders.open_orders() if not self._stays(order)]
            if not left:
                return
            self._desk.run(self._orders.want_cancel(left, self._gateway.now_ns()))
            await self._provoke_an_answer()
            await self._timer.SleepAsync(STEP_SECONDS)

    async def _provoke_an_answer(self) -> None:
        # Between two tries nothing is asked: only who is asked, and says nothing, is silent.
        if self._timer.Monotonic() - self._silent_since_ns() < ASK_SECONDS * NS_PER_SECOND:
            return
        with contextlib.suppress(ExchangeError, TimeoutError):
            async with asyncio.timeout(self._left_seconds()):
                await self._gateway.server_ns()

    async def _verify(self) -> bool:
        try:
            async with asyncio.timeout(self._left_seconds()):
                asked_ns = self._gateway.now_ns()
                self._book.on_positions(await self._gateway.positions(), asked_ns)
                listed = await self._gateway.open_orders(self._symbols)
        except (ExchangeError, TimeoutError):
            return False
        ours = [row for row in listed if not self._strangers.is_strange(row)]
        for row in ours:
            self._desk.run(self._orders.on_report(row, self._gateway.now_ns()))
        known = [self._orders.get(intent_id(row.id)) for row in ours]
        return all(order is not None and self._stays(order) for order in known)

    def _stays(self, order: Tracked) -> bool:
        flat = self._book.is_proven_flat(order.symbol)
        return order.is_stop and not order.cancel_wanted and not flat

    def _is_known(self) -> bool:
        """Return whether each stop that stays is known to have a position."""
        stops = [order.symbol for order in self._orders.open_orders() if self._stays(order)]
        return not any(self._book.is_flat(symbol) for symbol in stops)


def _facts(order: Tracked) -> dict[str, Any]:
    return {
        "id": order.id,
        "owner": order.owner,
        "symbol": order.symbol,
        "side": order.side.value,
        "qty": plain(order.qty),
        "price": plain(order.price),
    }

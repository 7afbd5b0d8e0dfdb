"""Keeps the exchange's own countdowns running: they cancel our orders when nobody refreshes them.

Left to run out, they are the last cancel there is: after the death of everything here, and while
the exchange takes no more requests of ours.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from lib.errors import ExchangeError, OrderRejected
from lib.exchange.binance.gateway import NO_SUCH_SYMBOL, BinanceGateway
from lib.logger import AbstractLogger
from lib.oms.countdowns import Countdowns
from lib.oms.orders import Orders
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

STEP_SECONDS = 0.25
ENDED_CODES = frozenset({NO_SUCH_SYMBOL, -4108})
"""The symbol is not there, or does not trade any more."""
APART_SECONDS = 1.0
"""Between the two reads that prove that nothing rests."""


class DeadMan:
    """Arms, refreshes and stops countdowns; one request per symbol at a time.

    Args:
        countdowns: What is armed.
        orders: Belief about all orders.
        gateway: The exchange.
        timer: The process's timer.
        log: The worker's logger.
        spawn: Starts a task.
        answers_for: Returns whether somebody alive and awake answers for an order.
        covers_stops: False when it is known that countdowns spare conditional orders.
    """

    def __init__(
        self,
        countdowns: Countdowns,
        orders: Orders,
        gateway: BinanceGateway,
        timer: AbstractTimer,
        log: AbstractLogger,
        spawn: Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"],
        answers_for: Callable[[Tracked], bool],
        *,
        covers_stops: bool,
    ) -> None:
        """Have armed nothing."""
        self.countdowns = countdowns
        self._orders = orders
        self._gateway = gateway
        self._timer = timer
        self._log = log
        self._spawn = spawn
        self._answers_for = answers_for
        self._covers_stops = covers_stops
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def is_armed(self, symbol: str) -> bool:
        """Return whether a resting order of a symbol may leave now."""
        return self.countdowns.is_armed(symbol, self._timer.Monotonic())

    async def arm(self, symbol: str) -> str:
        """Return "" when a symbol's countdown is acknowledged, else why it is not."""
        if self.is_armed(symbol):
            return ""
        async with self._locks[symbol]:
            if self.is_armed(symbol):
                return ""
            return await self._refresh(symbol)

    async def keep(self) -> None:
        """Refresh what somebody answers for, for ever."""
        while True:
            wanted = self._wanted()
            for symbol in self.countdowns.due(wanted, self._timer.Monotonic()):
                self.countdowns.sent(symbol)
                self._spawn(self._refresh_alone(symbol), f"countdown {symbol}")
            for symbol in self._protected(wanted):
                if not self._locks[symbol].locked():
                    self._spawn(self.release([symbol]), f"countdown off {symbol}")
            await self._timer.SleepAsync(STEP_SECONDS)

    async def release(self, symbols: Iterable[str]) -> list[str]:
        """Stop countdowns where nothing rests any more, proven by two reads.

        Returns:
            The symbols whose countdown was left running.
        """
        wanted = [symbol for symbol in symbols if symbol in self.countdowns.armed()]
        stopped = await asyncio.gather(*(self._stop_alone(symbol) for symbol in wanted))
        return [symbol for symbol, is_off in zip(wanted, stopped, strict=True) if not is_off]

    async def _stop_alone(self, symbol: str) -> bool:
        async with self._locks[symbol]:
            return await self._stop(symbol)

    async def _refresh_alone(self, symbol: str) -> None:
        async with self._locks[symbol]:
            # stopped while we waited: a refresh would start it again
            if symbol in self.countdowns.armed():
                await self._refresh(symbol)

    async def _refresh(self, symbol: str) -> str:
        sent_ns = self._timer.Monotonic()
        self.countdowns.sent(symbol)
        try:
            await self._gateway.countdown(symbol, self.countdowns.timeout_ms)
        except ExchangeError as error:
            self.countdowns.failed(symbol, self._timer.Monotonic())
            self._log.warning("dead-man switch not armed", symbol=symbol, error=str(error))
            return f"the dead-man switch is not armed: {error}"
        self.countdowns.answered(symbol, sent_ns)
        return ""

    async def _stop(self, symbol: str) -> bool:
        for is_second in (False, True):
            if is_second:
                await self._timer.SleepAsync(APART_SECONDS)
            if any(self._resting(symbol)) or not await self._reads_clear(symbol):
                return False
        if any(self._resting(symbol)):
            return False
        # an order that wants to leave meanwhile waits for a countdown of its own
        self.countdowns.stopping(symbol)
        try:
            await self._gateway.countdown(symbol, 0)
        except OrderRejected as error:
            if error.code not in ENDED_CODES:
                self._log.warning("dead-man switch not stopped", symbol=symbol, error=str(error))
                return False
            # the symbol has ended, and no order in it is left that the countdown could cancel
        except ExchangeError as error:
            self._log.warning("dead-man switch not stopped", symbol=symbol, error=str(error))
            return False
        self.countdowns.stopped(symbol)
        return True

    async def _reads_clear(self, symbol: str) -> bool:
        try:
            listed = await self._gateway.open_orders([symbol])
        except ExchangeError:
            return False
        ours = [row for row in listed if self._orders.owner_of(row.id)]
        return all(row.reduce_only and row.algo for row in ours)

    def _wanted(self) -> set[str]:
        rests = {
            order.symbol
            for order in self._orders.open_orders()
            if (self._covers_stops or not order.is_stop) and self._answers_for(order)
        }
        # one that nobody answers for must run out, whatever else rests there
        orphaned = {
            order.symbol
            for order in self._orders.open_orders()
            if not order.is_stop and not self._answers_for(order)
        }
        return {symbol for symbol in rests - orphaned if symbol in self.countdowns.armed()}

    def _protected(self, wanted: set[str]) -> list[str]:
        """Return symbols where the countdown would cancel nothing but a stop without its bot."""
        if not self._covers_stops:
            return []
        stops = {order.symbol for order in self._orders.open_orders() if order.is_stop}
        return [
            symbol
            for symbol in self.countdowns.armed()
            if symbol in stops and symbol not in wanted and not any(self._resting(symbol))
        ]

    def _resting(self, symbol: str) -> Iterable[Tracked]:
        return (
            order
            for order in self._orders.open_orders()
            if order.symbol == symbol and not order.is_stop
        )

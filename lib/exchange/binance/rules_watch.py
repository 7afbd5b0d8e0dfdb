"""Reads the trading rules again when the exchange refuses what they allow: they have changed."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.errors import ExchangeError
from lib.exchange.binance.gateway import BinanceGateway
from lib.logger import AbstractLogger
from lib.models import Rules
from lib.timer import AbstractTimer

AGAIN_NS = 2 * NS_PER_SECOND
"""Between two readings, however often orders are refused."""


class RulesWatch:
    """Keeps the rules of the traded symbols true.

    Args:
        rules: Symbol -> rules, shared with whoever uses them.
        gateway: The exchange.
        timer: The process's timer.
        log: The worker's logger.
        spawn: Starts a task.
    """

    def __init__(
        self,
        rules: dict[str, Rules],
        gateway: BinanceGateway,
        timer: AbstractTimer,
        log: AbstractLogger,
        spawn: Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"],
    ) -> None:
        """Have read nothing."""
        self._rules = rules
        self._gateway = gateway
        self._timer = timer
        self._log = log
        self._spawn = spawn
        self._due_ns = 0

    def request(self) -> None:
        """Have the rules read again, unless that was done just now."""
        now_ns = self._timer.Monotonic()
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + AGAIN_NS
            self._spawn(self._read(), "rules")

    async def _read(self) -> None:
        try:
            found, _ = await self._gateway.exchange_info()
        except ExchangeError as error:
            self._log.warning("rules not read", error=str(error))
            return
        for symbol, known in list(self._rules.items()):
            rules = found.get(symbol, known)
            if rules != known:
                self._rules[symbol] = rules
                self._log.warning("the exchange has other rules", symbol=symbol)

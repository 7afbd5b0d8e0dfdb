"""Whether the exchange answers at all: asked when nobody has heard anything from it for a while."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.errors import ExchangeError, RateLimited
from lib.exchange.binance.gateway import BinanceGateway
from lib.oms.budget import Priority
from lib.timer import AbstractTimer

REST = "rest"
"""Name of the requests among the connections whose silence is measured."""
REACH = "reach"
"""Command that asks for a question to the exchange."""


class Reach:
    """Asks, and remembers the newest answer.

    Args:
        timer: The process's timer.
        spawn: Starts a task.
    """

    def __init__(
        self,
        timer: AbstractTimer,
        spawn: Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"],
    ) -> None:
        """Count as heard at birth."""
        self._timer = timer
        self._spawn = spawn
        self.gateway: BinanceGateway | None = None
        """Whom to ask; None while there is nobody yet."""
        self._heard_ns = timer.Monotonic()
        self._next_ns = 0
        self._asking = False

    def is_held(self) -> bool:
        """Return whether the exchange wants to be left alone: silence then proves nothing."""
        gateway = self.gateway
        if gateway is None:
            return False
        waits = gateway.budget.wait_ns(gateway.now_ns(), Priority.READ) > 0
        return waits or self._timer.Monotonic() < self._next_ns

    def links(self) -> dict[str, int]:
        """Return the age in ns of the newest answer, nothing while none may be asked for."""
        return {} if self.is_held() else {REST: self._timer.Monotonic() - self._heard_ns}

    def ask(self) -> None:
        """Ask, unless a question is out or the exchange wants to be left alone."""
        gateway = self.gateway
        if gateway is None or self._asking or self._timer.Monotonic() < self._next_ns:
            return
        self._asking = True
        self._spawn(self._ask(gateway), REACH)

    async def _ask(self, gateway: BinanceGateway) -> None:
        try:
            await gateway.reach()
            self._heard_ns = self._timer.Monotonic()
        except RateLimited as error:
            wait_ns = round(error.retry_after * NS_PER_SECOND)
            self._next_ns = self._timer.Monotonic() + wait_ns
        except ExchangeError:
            return
        finally:
            self._asking = False

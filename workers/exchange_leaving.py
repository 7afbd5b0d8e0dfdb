"""What the exchange worker sees to before it ends: nothing that may trade is left unproven."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.exchange.binance.authority import Authority
from lib.logger import AbstractLogger
from lib.oms.proof import RELEASE_SECONDS
from lib.oms.rows import row_of
from lib.timer import AbstractTimer
from workers.exchange_farewell import Farewell, left_text
from workers.exchange_memory import ExchangeMemory

ALONE_SECONDS = 0.7
"""What is left of three seconds for our own cancels when the supervisor is gone."""
RELEASES, RELEASE_AGAIN_SECONDS = 3, 0.2
"""Tries to end the countdowns: one read that fails must not leave them armed."""


class Leaving:
    """Cancels what is left, verifies, and says what stays on purpose.

    Args:
        authority: The orders, and who may cancel them.
        memory: The journal.
        farewell: Waits for bots.
        timer: The process's timer.
        log: The worker's logger.
        report: Tells the supervisor, by kind.
    """

    def __init__(
        self,
        authority: Authority,
        memory: ExchangeMemory,
        farewell: Farewell,
        timer: AbstractTimer,
        log: AbstractLogger,
        report: Callable[[str, dict[str, Any]], None],
    ) -> None:
        """Have done nothing."""
        self._authority = authority
        self._memory = memory
        self._farewell = farewell
        self._timer = timer
        self._log = log
        self._report = report
        self._end_ns = timer.Monotonic() + round(authority.orders.proof.end_seconds * NS_PER_SECOND)

    async def leave_alone(self) -> None:
        """Cancel in the little time that there is without a supervisor; the countdowns run on."""
        await self._farewell.wait(self._authority.lives)
        await self._authority.closing().cancel_all(ALONE_SECONDS)

    async def leave(self) -> None:
        """Cancel everything, prove it gone, and only then end the countdowns."""
        authority = self._authority
        if await self._farewell.is_shutdown(authority.lives):
            await self._farewell.wait(authority.lives)
        closing = authority.closing()
        await closing.cancel_all(self._left_seconds() - RELEASE_SECONDS)
        for order in closing.stops:
            order.kept = True
            authority.journal.put([row_of(order)])
        if closing.kept:
            self._report("kept", {"orders": closing.kept})
        if closing.stuck:
            self._log.error("orders may be left", orders=closing.stuck, reason=closing.why)
            text = left_text(closing, authority.dead_man.countdowns)
            self._report("stuck", {"orders": closing.stuck, "message": text})
        armed = await self._release(closing.stuck)
        if armed:
            self._log.error("dead-man switch left armed", symbols=armed)
            text = f"left armed: {', '.join(armed)}"
            self._report("armed", {"message": text, "symbols": armed})
        if not closing.stuck and not armed:
            self._memory.note_clean()
            self._report("clean", {})

    def _left_seconds(self) -> float:
        return max(0, self._end_ns - self._timer.Monotonic()) / NS_PER_SECOND

    async def _release(self, stuck: list[str]) -> list[str]:
        # The countdowns stop only where it is proven that nothing rests.
        dead_man = self._authority.dead_man
        if not stuck:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._left_seconds()):
                    for _ in range(RELEASES):
                        if not await dead_man.release(dead_man.countdowns.armed()):
                            break
                        await self._timer.SleepAsync(RELEASE_AGAIN_SECONDS)
        return dead_man.countdowns.armed()

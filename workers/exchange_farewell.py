"""When the exchange worker may end: once the bots that clean up are done with it."""

from collections.abc import Callable

from lib.constants import NS_PER_SECOND
from lib.exchange.binance.closing import Closing
from lib.oms.countdowns import Countdowns
from lib.oms.lives import Lives
from lib.timer import AbstractTimer

CLEAN_SECONDS = 2.0
"""How long bots may take to clean up when nobody keeps the order of stopping."""
STEP_SECONDS = 0.02
LOOKS = 10
"""Looks at the roster, for the supervisor's word that everything stops."""
STOPPING = "stopping"


class Farewell:
    """Waits for bots.

    Args:
        timer: The process's timer.
        run_state: Returns the run's state, as the newest roster says it.
    """

    def __init__(self, timer: AbstractTimer, run_state: Callable[[], str]) -> None:
        """Have heard nobody."""
        self._timer = timer
        self._run_state = run_state
        self.done: set[str] = set()
        """Owners that have said that they are done."""

    async def is_shutdown(self, lives: Lives) -> bool:
        """Return whether everybody was told to end at once, so that bots still clean up.

        So it is when the machine shuts down. The supervisor alone stops the bots first.
        """
        for _ in range(LOOKS):
            if not lives.owners() or self._run_state() == STOPPING:
                break
            await self._timer.SleepAsync(STEP_SECONDS)
        return bool(lives.owners()) and self._run_state() == STOPPING

    async def wait(self, lives: Lives) -> None:
        """Wait until all bots that live are done, but not for long."""
        end_ns = self._timer.Monotonic() + round(CLEAN_SECONDS * NS_PER_SECOND)
        while self._timer.Monotonic() < end_ns and not self.done.issuperset(lives.owners()):
            await self._timer.SleepAsync(STEP_SECONDS)


def left_text(closing: Closing, countdowns: Countdowns) -> str:
    """Return what may be left, why, and who sees to it now."""
    text = f"{', '.join(closing.stuck)} may still be open: {closing.why}"
    if not countdowns.armed():
        return f"{text}; look at the exchange"
    seconds = round(countdowns.seconds)
    return f"{text}; the exchange's dead-man switch cancels them within {seconds} s"

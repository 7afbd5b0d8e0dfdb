"""Pauses while no market data comes (pure)."""

from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from bot.clp.view import View
from lib.constants import NS_PER_SECOND


class Stale(Condition):
    """No book for longer than `max_age` (default 2s)."""

    WAIT = "1s"

    def read(self, settings: Settings) -> None:
        """Read `max_age`."""
        self._most_ns = settings.duration_ns("max_age", "2s")

    def trouble(self, view: View) -> str:
        """Compare."""
        if view.age_ns <= self._most_ns:
            return ""
        return f"no book for {view.age_ns / NS_PER_SECOND:.1f} s"

"""Pauses while market data arrives late (pure)."""

from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from bot.clp.view import View
from lib.constants import NS_PER_MS


class Latency(Condition):
    """Latency of the newest book above `max_latency` (default 500ms)."""

    def read(self, settings: Settings) -> None:
        """Read `max_latency`."""
        self._most_ns = settings.duration_ns("max_latency", "500ms")

    def trouble(self, view: View) -> str:
        """Compare."""
        if view.latency_ns <= self._most_ns:
            return ""
        return f"latency {view.latency_ns / NS_PER_MS:.0f} ms"

"""Pauses while the market moves much (pure)."""

from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from bot.clp.view import View


class HighVolatility(Condition):
    """ATR above `max_atr`, a fraction of the price."""

    WAIT = "1m"

    def read(self, settings: Settings) -> None:
        """Read `max_atr`."""
        self._most = settings.number("max_atr", above=0)

    def trouble(self, view: View) -> str:
        """Compare."""
        if view.atr is None or view.atr <= self._most:
            return ""
        return f"volatility {view.atr:.4%} a minute"

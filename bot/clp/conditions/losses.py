"""Pauses after the day's losses (pure)."""

from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from bot.clp.view import View


class Losses(Condition):
    """Loss of the day (UTC), open position and fees included, above `max_loss_usd`."""

    WAIT = "10m"

    def read(self, settings: Settings) -> None:
        """Read `max_loss_usd`."""
        self._most = settings.number("max_loss_usd", above=0)

    def trouble(self, view: View) -> str:
        """Compare."""
        return f"lost {-view.profit_usd:.2f} today" if -view.profit_usd > self._most else ""

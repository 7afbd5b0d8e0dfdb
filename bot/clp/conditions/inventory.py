"""Pauses while too much is held (pure)."""

from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from bot.clp.view import View


class Inventory(Condition):
    """Position worth more than `max_inventory_usd`."""

    def read(self, settings: Settings) -> None:
        """Read `max_inventory_usd`."""
        self._most = settings.number("max_inventory_usd", above=0)

    def trouble(self, view: View) -> str:
        """Compare."""
        return f"inventory {view.inventory_usd:.2f}" if view.inventory_usd > self._most else ""

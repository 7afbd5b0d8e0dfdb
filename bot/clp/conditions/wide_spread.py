"""Pauses while the spread is wide (pure)."""

from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from bot.clp.view import View


class WideSpread(Condition):
    """Spread above `max_spread`, a fraction of the mid."""

    def read(self, settings: Settings) -> None:
        """Read `max_spread`."""
        self._most = settings.number("max_spread", above=0)

    def trouble(self, view: View) -> str:
        """Compare."""
        share = view.spread / view.mid
        return f"spread {share:.4%}" if share > self._most else ""

"""Pauses while the spread is wide compared with what is usual (pure)."""

from decimal import Decimal

from bot.clp.conditions.condition import Condition
from bot.clp.rolling_mean import RollingMean
from bot.clp.settings import Settings
from bot.clp.view import View

LEAST = 20
"""Books before there is a usual spread."""


class SpreadRatio(Condition):
    """Spread above `max_ratio_spread` x the mean of the `window` books before (default 1000)."""

    def read(self, settings: Settings) -> None:
        """Read `max_ratio_spread` and `window`."""
        self._most = settings.number("max_ratio_spread", above=1)
        self._mean = RollingMean(settings.count("window", 1000), LEAST)
        self._usual: Decimal | None = None

    def see(self, view: View) -> None:
        """Remember the spread; the newest one is compared with those before it."""
        self._usual = self._mean.mean
        self._mean.add(view.spread)

    def trouble(self, view: View) -> str:
        """Compare."""
        if not self._usual or view.spread <= self._most * self._usual:
            return ""
        return f"spread {view.spread / self._usual:.1f} x its mean"

"""Pauses while the exchange is not online (pure)."""

from bot.clp.conditions.condition import Condition
from bot.clp.view import View


class Offline(Condition):
    """`isOnline` says no."""

    WAIT = "1s"

    def trouble(self, view: View) -> str:
        """Tell the exchange's own reason, if there is one."""
        return "" if view.online else f"offline: {view.trouble or 'exchange is not online'}"

"""The same child as `benchmarks.beating_child`, as bots of ours."""

from typing import Any

from benchmarks.beating_child import beat
from bot.abstract_bot import AbstractBot


class BeatingBot(AbstractBot):
    """Beats at its birth, and once a second, to the socket named by `beats:`."""

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        """Beat for the first time."""
        super().__init__(config, factory, timer)
        beat(config["beats"])

    def onTime(self, timestamp: int) -> None:
        """Beat again."""
        beat(self.config["beats"])

    def Clean(self) -> None:
        """Nothing to clean."""

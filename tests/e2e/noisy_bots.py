"""Bots that say too much."""

from typing import Any

from bot.abstract_bot import AbstractBot

LINES = 2_000


class NoisyBot(AbstractBot):
    """Prints half a megabyte at each change of the book."""

    def Clean(self) -> None:
        """Nothing to clean."""

    def onOrderbook(self, *args: Any, **kwargs: Any) -> None:
        for number in range(LINES):
            print(f"{number} " + "blah " * 50)  # noqa: T201 - that is the point

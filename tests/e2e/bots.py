"""Bots that misbehave, for the crash tests."""

import gc
from pathlib import Path
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.bus.sockets import Subscriber


class _Quiet(AbstractBot):
    def Clean(self) -> None:
        """Nothing to clean."""


class HangingBot(_Quiet):
    """Never returns from `onOrderbook` once its trigger file is there."""

    def onOrderbook(self, *args: Any, **kwargs: Any) -> None:
        trigger = Path(self.config["trigger"])
        if trigger.exists():
            trigger.unlink()
            while True:
                pass


class DeafBot(_Quiet):
    """Loses its subscription, for good, once its trigger file is there."""

    def onTime(self, timestamp: int) -> None:
        trigger = Path(self.config["trigger"])
        if trigger.exists():
            trigger.unlink()
            for thing in gc.get_objects():
                if isinstance(thing, Subscriber) and any(
                    topic.startswith(b"book.") for topic in thing._topics
                ):
                    for topic in tuple(thing._topics):
                        thing.socket.unsubscribe(topic)
                    thing._topics.clear()


class FailingBot(_Quiet):
    """Raises in a handler once its trigger file is there."""

    def onOrderbook(self, *args: Any, **kwargs: Any) -> None:
        trigger = Path(self.config["trigger"])
        if trigger.exists():
            trigger.unlink()
            raise RuntimeError("on purpose")


class AskingBot(_Quiet):
    """Asks for a restart once its trigger file is there."""

    def onTime(self, timestamp: int) -> None:
        trigger = Path(self.config["trigger"])
        if trigger.exists():
            target = trigger.read_text().strip()
            trigger.unlink()
            self.restart("no new data", target)

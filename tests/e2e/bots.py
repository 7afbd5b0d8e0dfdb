"""Bots that misbehave, or do one odd thing, for the end-to-end tests."""

import contextlib
import gc
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.bus.sockets import Subscriber
from lib.constants import OrderType, Side
from lib.models import Update


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


class RelayBot(_Quiet):
    """Sends each message of the operator on, to the bot that it is JSON of."""

    def onMessage(self, sender: str, message: str) -> None:
        if sender == "operator":
            wanted = json.loads(message)
            self.send(wanted["to"], wanted["text"])


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


class KeepingBot(AbstractBot):
    """Buys once, protects the position by a reduce-only stop, and leaves that in `Clean`."""

    def __init__(self, *args: Any) -> None:
        """Have nothing yet."""
        super().__init__(*args)
        self._has_bought = False
        self._stop = ""
        self._limit = ""
        self._qty = Decimal(0)

    @property
    def note(self) -> str:
        """Tell when all three orders are out."""
        return "protected" if self._stop and self._limit else ""

    def onAccount(self, price: Decimal, qty: Decimal, *args: Any) -> None:
        """Note the position."""
        self._qty = qty

    def onOrder(self, update: Update) -> None:
        """Take the stop of a former life as one's own."""
        is_open_stop = update.type is OrderType.STOP_MARKET and not update.status.is_final
        if is_open_stop and update.id != self._stop:
            self._stop = update.id
            self.logger.info("stop adopted", id=update.id)

    def onOrderbook(
        self, askPrice: Decimal, askQty: Decimal, bidPrice: Decimal, *args: Any
    ) -> None:
        """Buy; then protect it, and quote far away."""
        if not self.exchange.isOnline():
            return
        if not self._qty and not self._has_bought:
            self._has_bought = True
            self.exchange.Post(Decimal("0.01"))
        elif self._qty and not self._stop:
            trigger = bidPrice * Decimal("0.7")
            self._stop = self.exchange.Post(-self._qty, trigger, stopmarket=True, reduce_only=True)
        elif self._stop and not self._limit:
            self._limit = self.exchange.Post(Decimal("0.01"), bidPrice * Decimal("0.97"))

    def Clean(self) -> None:
        """Cancel what adds risk, keep what takes it away."""
        self.exchange.Cancel(self._limit)


class PeekingBot(_Quiet):
    """Writes down all that it was given, and what its process knows."""

    def __init__(self, *args: Any) -> None:
        """Write `config`, environment and command line into the file `seen`."""
        super().__init__(*args)
        known = (self.config, dict(os.environ), sys.argv, vars(self.factory))
        self.logger.info("config", config=repr(self.config))
        Path(self.config["seen"]).write_text("\n".join(map(repr, known)))


class ForkingBot(_Quiet):
    """Starts two processes: one stays its child, one has forked twice; both lead a session."""

    def __init__(self, *args: Any) -> None:
        """Start them; the folder `children` gets a file named by each pid."""
        super().__init__(*args)
        folder = Path(self.config["children"])
        for script in ("setsid sleep 600 & echo > $!", "echo > $$; exec setsid -w sleep 600"):
            subprocess.Popen(["sh", "-c", script], cwd=folder, start_new_session=True)


class NeatBot(AbstractBot):
    """Starts a process, and leaves a note when it has cleaned up."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        self._folder = Path(self.config["folder"])
        written = self._folder / "child.new"
        written.write_text(str(child.pid))
        written.rename(self._folder / "child")

    def Clean(self) -> None:
        (self._folder / "cleaned").touch()


class ClingingBot(_Quiet):
    """Its `Clean` does not end, whatever is raised in it."""

    def Clean(self) -> None:
        """Never return."""
        while True:
            with contextlib.suppress(BaseException):
                while True:
                    pass


class TradeLedgerBot(_Quiet):
    """Writes every trade it is handed: time in ms, price, quantity."""

    def onTrade(
        self,
        price: Decimal,
        qty: Decimal,
        side: Side,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        with Path(self.config["ledger"]).open("a") as ledger:
            ledger.write(f"{timestamp // 1_000_000} {price} {qty}\n")

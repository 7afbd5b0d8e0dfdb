"""A drilled bot: any bot, with a notebook of what it saw, for the oracle.

The configuration that `workers.chaos` writes names `ChaosBot` in place of each bot and the bot
itself in `drill_bot`.
"""

import os
from pathlib import Path
from typing import Any, cast

from bot.abstract_bot import AbstractBot
from lib.chaos import records
from lib.constants import KEY
from lib.errors import ExchangeError
from lib.exchange.abstract_exchange import AbstractExchange
from lib.factory import AbstractFactory
from lib.helpers import plain
from lib.models import Order, Update
from lib.timer import AbstractTimer
from workers.bot_class import load_bot_class

TARGET = "drill_bot"
NOTES = "drill_notes"


class Pen:
    """Appends lines to a notebook; each with one write, so that a kill tears at most the last.

    Args:
        path: The notebook.
        timer: The process's timer.
    """

    def __init__(self, path: Path, timer: AbstractTimer) -> None:
        """Open the notebook; what a former life left unfinished ends here."""
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._timer = timer
        os.write(self._fd, b"\n")

    def now(self) -> int:
        """Return the time of a line, ns since the epoch."""
        return self._timer.Timestamp()

    def write(self, kind: str, *values: Any, at_ns: int = 0) -> None:
        """Append one line; see `lib.chaos.records`."""
        os.write(self._fd, records.line(kind, at_ns or self.now(), *values))


def notebook_path(folder: str | Path, owner: str) -> Path:
    """Return where the bot of `<bot>:<SYMBOL>` writes."""
    return Path(folder) / f"{owner.replace(':', '_')}.jsonl"


class ChaosBot(AbstractBot):
    """Makes the bot that `drill_bot` names, with a pen in its hand."""

    def __new__(
        cls, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> "ChaosBot":
        """Return an object of the recorded class: no `ChaosBot` is ever made."""
        target = load_bot_class(config[TARGET])
        owner = f"{config[KEY.NAME]}:{config[KEY.SYMBOL]}"
        pen = Pen(notebook_path(config[NOTES], owner), timer)
        exchange = factory.Exchange
        host = getattr(exchange, "host", None)
        life = host.start.incarnation if host is not None else 0
        pen.write("life", owner, life, os.getpid())
        factory.Exchange = recorded_exchange(exchange, pen)
        return cast("ChaosBot", recorded_bot(target, pen)(config, factory, timer))

    def Clean(self) -> None:
        """Exist: a bot class without it is refused."""


def recorded_exchange(target: type[AbstractExchange], pen: Pen) -> type[AbstractExchange]:
    """Return a class whose `Post` and `PostList` are written down."""

    class Recorded(target):  # type: ignore[misc, valid-type]
        def Post(self, *args: Any, **kwargs: Any) -> str:
            at_ns = pen.now()
            client_id: str = super().Post(*args, **kwargs)
            pen.write("post", client_id, at_ns=at_ns)
            return client_id

        def PostList(self, orders: list[Order]) -> list[str]:
            at_ns = pen.now()
            ids: list[str] = super().PostList(orders)
            for client_id in ids:
                pen.write("post", client_id, at_ns=at_ns)
            return ids

    return Recorded


def recorded_bot(target: type[AbstractBot], pen: Pen) -> type[AbstractBot]:
    """Return a class whose view of orders, fills, position and balance is written down."""

    class Recorded(target):  # type: ignore[misc, valid-type]
        def onOrder(self, update: Update) -> None:
            if not update.fill_qty:
                pen.write("order", update.id, update.status.value, None)
                super().onOrder(update)
                return
            key = (update.symbol, update.trade_id, update.exchange_id)
            numbers = (plain(update.fill_qty), plain(update.fill_price), update.replayed)
            pen.write("order", update.id, update.status.value, (*key, *numbers))
            super().onOrder(update)
            pen.write("done", *key)

        def onAccount(self, *args: Any, **kwargs: Any) -> None:
            _, qty, symbol = args[:3]
            if symbol == self.symbol:
                pen.write("position", plain(qty))
            super().onAccount(*args, **kwargs)

        def onTime(self, timestamp: int) -> None:
            super().onTime(timestamp)
            try:
                pen.write("balance", plain(self.exchange.getBalance()[KEY.BALANCE]))
            except ExchangeError:
                # not known at the moment: nothing to compare
                return

    Recorded.__name__ = target.__name__
    return Recorded

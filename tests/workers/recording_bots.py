"""Bots for tests of the bot worker: each call of a handler is one JSON line in a file."""

import json
import os
from decimal import Decimal
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.errors import ConfigError, ExchangeError
from lib.factory import AbstractFactory
from lib.models import Order, Update
from lib.timer import AbstractTimer


class RecordingBot(AbstractBot):
    """Records every call."""

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        super().__init__(config, factory, timer)
        self._file = os.open(config["record"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.record("made", str(self.exchange.getTick()))

    @property
    def note(self) -> str:
        return "recording"

    def record(self, name: str, *values: Any) -> None:
        os.write(self._file, json.dumps([name, *values], default=str).encode() + b"\n")

    def onTime(self, timestamp: int) -> None:
        self.record("onTime", timestamp)

    def onOrderbook(self, *values: Any) -> None:  # type: ignore[override]
        self.record("onOrderbook", *values)

    def onTrade(self, *values: Any) -> None:  # type: ignore[override]
        self.record("onTrade", *values)

    def onCandle(self, *values: Any) -> None:  # type: ignore[override]
        self.record("onCandle", *values)

    def onAccount(self, *values: Any) -> None:  # type: ignore[override]
        self.record("onAccount", *values)

    def onOrder(self, update: Update) -> None:
        self.record("onOrder", update.id, update.status, update.trade_id, update.reason)

    def onStatus(self, *values: Any) -> None:  # type: ignore[override]
        self.record("onStatus", *values)

    def onMessage(self, sender: str, message: str) -> None:
        self.record("onMessage", sender, message)

    def Clean(self) -> None:
        self.record("Clean")


class ChokingBot(RecordingBot):
    """Cannot digest its first fill."""

    def onOrder(self, update: Update) -> None:
        super().onOrder(update)
        if update.trade_id == 1:
            raise ValueError("choked")


class TalkingBot(RecordingBot):
    """Does what messages tell it."""

    def onMessage(self, sender: str, message: str) -> None:
        super().onMessage(sender, message)
        try:
            getattr(self, f"do_{sender}")(message)
        except ExchangeError as error:
            self.record("raised", type(error).__name__, str(error))

    def do_post(self, price: str) -> None:
        self.record("posted", self.exchange.Post(Decimal("0.01"), Decimal(price)))

    def do_wait(self, price: str) -> None:
        self.record("posted", self.exchange.Post(Decimal("0.01"), Decimal(price), wait=True))

    def do_list(self, price: str) -> None:
        order = Order(Decimal("0.01"), Decimal(price))
        self.record("posted", *self.exchange.PostList([order, order]))

    def do_cancel(self, client_id: str) -> None:
        self.exchange.Cancel(client_id or None)

    def do_raise(self, text: str) -> None:
        raise ValueError(text)

    def do_hang(self, _: str) -> None:
        self.record("hanging")
        while True:
            pass

    def do_restart(self, target: str) -> None:
        self.restart("no new data", target)

    def do_candles(self, _: str) -> None:
        self.record("candles", len(self.exchange.getCandles(0, 60_000_000_000)["close"]))


class CleaningBot(TalkingBot):
    """Cancels in `Clean`, and tries to post."""

    def Clean(self) -> None:
        super().Clean()
        self.exchange.Cancel()
        self.exchange.Post(Decimal("0.01"), Decimal(50_000))


class StubbornBot(TalkingBot):
    """Never returns from `Clean`."""

    def Clean(self) -> None:
        super().Clean()
        while True:
            pass


class FailingCleanBot(RecordingBot):
    """Fails in `Clean`."""

    def Clean(self) -> None:
        super().Clean()
        raise ValueError("unclean")


class PickyBot(RecordingBot):
    """Does not like its config."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        raise ConfigError("width 7 must lie between 0 and 1")


class BrokenBot(RecordingBot):
    """Cannot be made."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        raise ValueError("broken constructor")


class IncompleteBot(AbstractBot):
    """Has no `Clean`."""


class EagerBot(RecordingBot):
    """Wants to know the rules while it is made."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.exchange.getMinQty()

"""Writes a bot's run to its database: fills, orders, quotes, position, wallet."""

from decimal import Decimal
from typing import Any

from lib.async_ejector import FieldsAsyncEjector
from lib.constants import OrderType, Side
from lib.database import AbstractDatabase
from lib.exchange.bus_desk import Desk, Event
from lib.factory import AbstractFactory
from lib.helpers import decimal
from lib.models import Update
from lib.recording.chronicle import Chronicle, Look
from lib.timer import AbstractTimer


def is_wanted(part: dict[str, Any], factory: AbstractFactory) -> bool:
    """Return whether a run is to be written down: into databases that can be read back.

    Args:
        part: The worker's `bot` section.
        factory: The process's factory.
    """
    is_readable = factory.Database.read_series is not AbstractDatabase.read_series
    return bool(part.get("history", True)) and is_readable


class BotHistory:
    """The history of one bot's life.

    Args:
        config: The bot's own config.
        factory: The process's factory.
        timer: The process's timer.
        desk: What is known of the account.
    """

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer, desk: Desk
    ) -> None:
        """Write nothing yet."""
        self._database = factory.Database(config, factory, timer)
        self._timer = timer
        self._desk = desk
        self._chronicle = Chronicle(self._write, self._look)

    def on_event(self, event: object) -> None:
        """Take in what the bot is told of its account."""
        if isinstance(event, Update):
            self._chronicle.on_update(event, self._timer.Timestamp())

    def turn(self) -> None:
        """Write what is due."""
        now_ns = self._timer.Timestamp()
        if now_ns >= self._chronicle.due_ns:
            self._chronicle.tick(now_ns)

    def finish(self, untold: "list[Event]") -> None:
        """Write the end down: what the bot was not told any more, and how things stand."""
        for event in untold:
            self.on_event(event)
        self._chronicle.sample(self._timer.Timestamp())

    def _write(self, record: dict[str, Any]) -> None:
        FieldsAsyncEjector(self._database, self._timer, **record).start()

    def _look(self) -> Look:
        desk = self._desk
        book, position, rules = desk.book, desk.position, desk.rules
        quotes = [order for order in desk.orders.open_orders() if order.type is OrderType.LIMIT]
        bids = [order.price for order in quotes if order.side is Side.BUY]
        asks = [order.price for order in quotes if order.side is Side.SELL]
        balance = desk.balances.get(rules.quote_asset) if rules else None
        mid: Decimal | None = None
        if book is not None:
            mid = (decimal(book.bid_price) + decimal(book.ask_price)) / 2
        return Look(
            mid=mid,
            bid=max(bids, default=None),
            ask=min(asks, default=None),
            position=decimal(position.qty) if position else None,
            entry=decimal(position.price) if position else None,
            wallet=decimal(balance.balance) if balance else None,
            latency_ns=book.latency_ns if book else None,
        )

"""Tells the operator: logs pauses, and writes records to the database in the background."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bot.clp.guard import Guard
from bot.clp.pauses import Change
from bot.clp.reconcile import Replaced
from bot.clp.records import pause_record, quote_record, summary_record
from bot.clp.view import View
from lib.async_ejector import FieldsAsyncEjector
from lib.constants import NS_PER_SECOND
from lib.database import AbstractDatabase
from lib.logger import AbstractLogger
from lib.timer import AbstractTimer


class Reporter:
    """Where a CLP's news go.

    Args:
        database: Returns the database; called at the first record.
        logger: For pauses.
        timer: Dates the records.
        every_ns: Time between two summaries, 0 = nothing is recorded.
    """

    def __init__(
        self,
        database: Callable[[], AbstractDatabase],
        logger: AbstractLogger,
        timer: AbstractTimer,
        every_ns: int,
    ) -> None:
        """Have told nothing."""
        self._database = database
        self._logger = logger
        self._timer = timer
        self._every_ns = every_ns
        self._due_ns = 0

    def summarise(self, view: View, mode: str, guard: Guard, open_quotes: int, **more: Any) -> None:
        """Write a summary, if one is due.

        Args:
            view: The market and the bot.
            mode: What the bot is doing.
            guard: Position and stop.
            open_quotes: Count of own orders that add risk.
            **more: Further fields.
        """
        now_ns = self._timer.Monotonic()
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + self._every_ns
            self.write(summary_record(view, mode, guard, open_quotes) | more)

    def tell_pause(self, change: Change | None) -> None:
        """Log and record what changed about a pause, if anything did."""
        if change is None:
            return
        if change.reason:
            self._logger.warning("quoting pauses", causes=change.causes, reason=change.reason)
        else:
            lasted = round(change.lasted_ns / NS_PER_SECOND, 3)
            self._logger.info("quoting goes on", paused_s=lasted)
        self.write(pause_record(change))

    def tell_quotes(self, replaced: list[Replaced], mid: Decimal) -> None:
        """Record the levels that stand anew."""
        for each in replaced:
            self.write(quote_record(each, mid))

    def write(self, record: dict[str, Any]) -> None:
        """Hand a record to the database's background writer."""
        if self._every_ns:
            FieldsAsyncEjector(self._database(), self._timer, **record).start()

"""A logger on the console and in the database."""

from typing import TYPE_CHECKING, Any

from lib.async_ejector import LogAsyncEjector
from lib.logger.console_logger import ConsoleLogger
from lib.logger.render import trace_text
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory


class DbLogger(ConsoleLogger):
    """Writes each event to the console at once, and to the factory's database in the background.

    The database may be down: see `lib.async_ejector`. What third-party libraries log goes to the
    console only.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Make the database object; it connects when the first event is written."""
        super().__init__(config, factory, timer)
        self.database = factory.Database(config, factory, timer)

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write one event to both, unless its level is below the lowest."""
        if not self.is_heard(level):
            return
        super().write(level, message, fields)
        traced = trace_text(fields)
        data = {**fields, "traceback": traced} if traced else fields
        LogAsyncEjector(self.database, self.timer, data, message, level).start()

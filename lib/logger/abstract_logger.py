"""What a logger promises."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from lib.constants import KEY
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

LEVELS = {
    "TRACE": 5,
    "DEBUG": 10,
    "INFO": 20,
    "SUCCESS": 25,
    "WARNING": 30,
    "ERROR": 40,
    "CRITICAL": 50,
}
"""Names and weights of the levels, lowest first."""


class AbstractLogger(ABC):
    """Events with fields: `log.info("order posted", id=order_id, price=price)`.

    A field that is an exception is written with its traceback. Secrets are replaced by `***`
    before anything leaves the process. Logging never raises and never blocks on a database.

    Args:
        config: The merged config; `worker`, else `name` and `symbol`, labels the lines; `log` sets
            `format` (`text` or `json`) and `level`.
        factory: The process's factory.
        timer: The process's timer; its `Timestamp` dates the lines.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Keep the three things that every constructor gets."""
        self.config = config
        self.factory = factory
        self.timer = timer

    @property
    def label(self) -> str:
        """Return who speaks: `worker`, else `name:SYMBOL`, or what of it the config has."""
        worker = self.config.get("worker")
        if worker:
            return str(worker)
        parts = (self.config.get(key) for key in (KEY.NAME, KEY.SYMBOL))
        return ":".join(str(part) for part in parts if part)

    @abstractmethod
    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write one event; the seven methods below all end here.

        Args:
            level: One of `LEVELS`.
            message: What happened, without the fields' values.
            fields: Anything; what JSON does not know becomes text.
        """

    def trace(self, message: str, **fields: Any) -> None:
        """Log the finest detail."""
        self.write("TRACE", message, fields)

    def debug(self, message: str, **fields: Any) -> None:
        """Log what happens per message."""
        self.write("DEBUG", message, fields)

    def info(self, message: str, **fields: Any) -> None:
        """Log life cycle and orders."""
        self.write("INFO", message, fields)

    def success(self, message: str, **fields: Any) -> None:
        """Log that something awaited has worked."""
        self.write("SUCCESS", message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        """Log trouble that was overcome."""
        self.write("WARNING", message, fields)

    def error(self, message: str, **fields: Any) -> None:
        """Log trouble that needs a human."""
        self.write("ERROR", message, fields)

    def critical(self, message: str, **fields: Any) -> None:
        """Log that the process cannot go on."""
        self.write("CRITICAL", message, fields)

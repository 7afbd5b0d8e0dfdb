"""A logger on the process's console."""

from typing import TYPE_CHECKING, Any

from lib.errors import ConfigError
from lib.logger import console
from lib.logger.abstract_logger import LEVELS, AbstractLogger
from lib.redaction import remember_config
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

DEFAULT_LEVEL = "INFO"


class ConsoleLogger(AbstractLogger):
    """Writes to stderr: coloured text on a terminal, plain text otherwise, or JSON lines.

    The config's `log` section: `format` is `text` (default) or `json`, `level` the lowest level
    that is written (default `info`). One process has one console, so the newest format counts.

    Raises:
        ConfigError: The format or the level is unknown.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Install the console, and learn the config's secrets so that they stay hidden."""
        super().__init__(config, factory, timer)
        section = config.get("log") or {}
        remember_config(config)
        level = str(section.get("level", DEFAULT_LEVEL)).upper()
        if level not in LEVELS:
            raise ConfigError(
                f"log level {section['level']!r} is unknown; right would be one of "
                f"{', '.join(LEVELS).lower()}"
            )
        self._lowest = LEVELS[level]
        self._label = self.label
        console.install(str(section.get("format", "text")))

    def is_heard(self, level: str) -> bool:
        """Return whether events of this level are written."""
        return LEVELS[level] >= self._lowest

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write one event, unless its level is below the lowest."""
        if self.is_heard(level):
            console.write(self.timer.Timestamp(), level, self._label, message, fields)

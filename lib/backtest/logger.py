"""Where bots log in a backtest: lines dated by virtual time, in one file."""

from typing import TYPE_CHECKING, Any, TextIO

from lib.constants import KEY
from lib.logger.abstract_logger import LEVELS, AbstractLogger
from lib.logger.render import clock_text, fields_text, trace_text
from lib.redaction import redact
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

WARNING = LEVELS["WARNING"]


class RunLogger(AbstractLogger):
    """Writes to the run's file; use `RunLogger.bound_to(file)` as the class to construct.

    The same run writes the same lines. Warnings are counted by bot, in `warnings`.
    """

    file: TextIO | None = None
    warnings: dict[str, int]

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Read the least level."""
        super().__init__(config, factory, timer)
        level = str((config.get("log") or {}).get("level", "info")).upper()
        self._least = LEVELS.get(level, LEVELS["INFO"])
        self._label = self.label

    @classmethod
    def bound_to(cls, file: TextIO | None) -> "type[RunLogger]":
        """Return the class whose objects write to `file`; None: nowhere."""
        fields: dict[str, Any] = {"file": file, "warnings": {}, "__module__": cls.__module__}
        return type(cls.__name__, (cls,), fields)

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write one event."""
        weight = LEVELS[level]
        if weight >= WARNING:
            name = str(self.config.get(KEY.SYMBOL, self._label))
            self.warnings[name] = self.warnings.get(name, 0) + 1
        if self.file is None or weight < self._least:
            return
        moment = clock_text(self.timer.Timestamp())
        text = f"{moment} {level:<8} {self._label:<12} {redact(message)}"
        if fields:
            text += f" {fields_text(fields)}"
        self.file.write(f"{text}\n{trace_text(fields)}")

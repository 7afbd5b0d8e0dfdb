"""The process's one console, on loguru: text for people, or one JSON object per line.

Forks cleanly: no thread, no queue; loguru renews its locks in the child. What third-party
libraries log (by `logging` or by loguru) comes out here, too, with secrets hidden.
"""

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import loguru

from lib.errors import ConfigError
from lib.logger.abstract_logger import LEVELS
from lib.logger.render import clock_text, fields_text, line_json, trace_text
from lib.redaction import redact

if TYPE_CHECKING:
    from loguru import Record

FORMATS = ("text", "json")
LABEL_WIDTH = 12
_console: dict[str, Any] = {"handler": 0, "is_coloured": None, "style": FORMATS[0]}
"""The handler's number (loguru's own first one is 0), how it was made, and what was asked for."""


def install(style: str) -> None:
    """Make the console write `text` or `json` from now on; cheap when it already does.

    Raises:
        ConfigError: There is no such format.
    """
    if style not in FORMATS:
        raise ConfigError(f"log format {style!r} is unknown; right would be text or json")
    _console["style"] = style
    wanted = style == "text" and is_coloured()
    # To make a handler takes some 20 ms: a change of style alone goes without.
    if _console["is_coloured"] is wanted:
        return
    _drop(_console["handler"])
    _console["handler"] = loguru.logger.add(
        _to_stderr,
        level=0,
        format=_format,
        colorize=wanted,
        backtrace=False,
        diagnose=False,
    )
    _console["is_coloured"] = wanted
    _route_standard_logging()


def is_coloured() -> bool:
    """Return whether stderr is a terminal whose user has not refused colours."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def write(time_ns: int, level: str, label: str, message: str, fields: dict[str, Any]) -> None:
    """Write one event."""
    bound = loguru.logger.bind(time_ns=time_ns, label=label, fields=fields)
    bound.log(level, "{}", message)


def _to_stderr(text: str) -> None:
    # Looked up at each line: tests and daemons replace it.
    # A worker outlives its terminal: nobody may be left to read.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _format(record: "Record") -> str:
    return _json_format(record) if _console["style"] == "json" else _text_format(record)


def _text_format(record: "Record") -> str:
    event = _event_of(record)
    traced = trace_text(event[4]).rstrip()
    record["extra"].update(
        shown_time=clock_text(event[0]),
        shown_label=f"{event[2]:<{LABEL_WIDTH}}",
        shown_message=redact(event[3]),
        shown_fields=fields_text(event[4]),
        shown_trace=f"\n{traced}" if traced else "",
    )
    return (
        "<dim>{extra[shown_time]}</dim> <level>{level.name:<8}</level> "
        "<cyan>{extra[shown_label]}</cyan> {extra[shown_message]} "
        "<dim>{extra[shown_fields]}</dim>{extra[shown_trace]}\n"
    )


def _json_format(record: "Record") -> str:
    record["extra"]["shown"] = line_json(*_event_of(record))
    return "{extra[shown]}\n"


def _event_of(record: "Record") -> tuple[int, str, str, str, dict[str, Any]]:
    extra = record["extra"]
    fields = dict(extra.get("fields", {}))
    # Somebody else's loguru call carries its exception and its time in loguru's own places.
    raised = record["exception"]
    if raised is not None and raised.value is not None:
        fields["error"] = raised.value
    time_ns = extra.get("time_ns", round(record["time"].timestamp() * 1e9))
    label = extra.get("label", record["name"] or "")
    return time_ns, record["level"].name, label, record["message"], fields


class _StandardHandler(logging.Handler):
    """Brings what libraries log by `logging` to the console."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on, dated by its own time."""
        fields: dict[str, Any] = {}
        if record.exc_info and record.exc_info[1]:
            fields["error"] = record.exc_info[1]
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a library's wrong format string must not end a worker
            message = f"{record.msg} {record.args}"
        level = max(
            (name for name, weight in LEVELS.items() if weight <= max(record.levelno, 5)),
            key=LEVELS.__getitem__,
        )
        write(round(record.created * 1e9), level, record.name, message, fields)


def _route_standard_logging() -> None:
    root = logging.getLogger()
    if not any(isinstance(handler, _StandardHandler) for handler in root.handlers):
        root.addHandler(_StandardHandler())


def _drop(handler_id: int) -> None:
    try:
        loguru.logger.remove(handler_id)
    except ValueError:
        return

"""How an event becomes text (pure)."""

import re
import traceback
from datetime import UTC, datetime
from typing import Any

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.redaction import redact, redact_fields
from lib.serialize import to_json

PLAIN = re.compile(r"[^\s\"'=]+")
"""Text that needs no quotes to be told from the next field."""


def clock_text(time_ns: int) -> str:
    """Return `2026-11-22T14:41:12.123Z`."""
    seconds, rest = divmod(time_ns, NS_PER_SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // NS_PER_MS:03d}Z"


def fields_text(fields: dict[str, Any]) -> str:
    """Return `id=abc price=1.5 reason="no balance"`, secrets hidden."""
    return " ".join(f"{name}={_value(item)}" for name, item in redact_fields(fields).items())


def fields_json(fields: dict[str, Any]) -> str:
    """Return the fields as one JSON object, secrets hidden."""
    return to_json(redact_fields(fields))


def trace_text(fields: dict[str, Any]) -> str:
    """Return the tracebacks of all fields that are exceptions, "" when none is."""
    errors = [value for value in fields.values() if isinstance(value, BaseException)]
    # Without local variables: they hold what nobody meant to log.
    return redact("".join("".join(traceback.format_exception(error)) for error in errors))


def line_json(time_ns: int, level: str, label: str, message: str, fields: dict[str, Any]) -> str:
    """Return the event as one JSON object on one line."""
    event: dict[str, Any] = {
        "time": clock_text(time_ns),
        "level": level.lower(),
        "name": label,
        "message": redact(message),
    }
    traced = trace_text(fields)
    if traced:
        event["traceback"] = traced
    text = to_json(event)
    return f'{text[:-1]}, "fields": {fields_json(fields)}}}' if fields else text


def _value(value: Any) -> str:
    if isinstance(value, dict | list):
        return to_json(value)
    text = "none" if value is None else str(value)
    return text if PLAIN.fullmatch(text) else to_json(text)

"""A record taken apart into series, tags and fields, by the rules of a config section (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from lib.constants import KEY
from lib.serialize import to_json

SERIES = "series"
"""Reserved key of a record: appended to the measurement's name (`log`, `book`, `trade`)."""
INT64 = 2**63
"""Integers and times have to fit in 64 bits, signed."""
TAGS = ("exchange", "symbol", "bot", "worker", "level")
"""Tags unless the section says otherwise: few different values each, never an id."""
INTEGERS = ("trade_id", "order_id", "exchange_id", "update_id", "latency_ns", "event_ns", "count")
"""Fields that stay integers; all other numbers are written as floats, so that a price that was
1 first and 1.5 later does not change its field's type."""

Value = str | bool | int | float | Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """One record, ready to be written: no None, no number that is not finite."""

    series: str
    time_ns: int
    tags: dict[str, str]
    fields: dict[str, Value]


class Schema:
    """How a config section wants records to be written.

    Args:
        config: The merged config; its `project` is the measurement's default name, its `exchange`,
            `symbol`, `name` (tag `bot`) and `worker` are tags of every record that lacks them.
        section: The database's own section: `measurement`, `tags`, `integers` are read.
    """

    def __init__(self, config: Mapping[str, Any], section: Mapping[str, Any]) -> None:
        """Work out once what is the same for all records."""
        self.measurement = str(section.get("measurement") or config.get(KEY.PROJECT) or "tickvisor")
        self.integers = frozenset(section.get("integers", INTEGERS))
        self._tag_names = tuple(section.get("tags", TAGS))
        known = {**config, "bot": config.get(KEY.NAME)}
        self.base_tags = {
            name: str(known[name])
            for name in self._tag_names
            if isinstance(known.get(name), str | int) and known[name] != ""
        }

    def split(self, record: Mapping[str, Any], now_ns: int) -> Point:
        """Return the record's parts; one without `timestamp` gets `now_ns`.

        Raises:
            ValueError: No field is left, or the time is not an int.
        """
        time_ns = record.get(KEY.TIMESTAMP, now_ns)
        if not isinstance(time_ns, int) or not -INT64 <= time_ns < INT64:
            raise ValueError(f"timestamp {time_ns!r} is not int ns since the epoch")
        tags = dict(self.base_tags)
        fields: dict[str, Value] = {}
        for name, raw in record.items():
            if name in self._tag_names:
                if raw is not None and str(raw):
                    tags[name] = str(raw)
            elif name not in (KEY.TIMESTAMP, SERIES):
                value = clean(raw)
                if value is not None:
                    fields[name] = value
        if not fields:
            raise ValueError(f"a record needs at least one field beside tags and time: {record}")
        return Point(self.name_of(record.get(SERIES)), time_ns, tags, fields)

    def name_of(self, series: object) -> str:
        """Return what a series is called in the database."""
        return f"{self.measurement}_{series}" if series else self.measurement


def clean(raw: Any) -> Value | None:
    """Return a value that every database takes; None for what is absent (None, NaN, infinity)."""
    if raw is None:
        return None
    if isinstance(raw, bool | int):
        return raw
    if isinstance(raw, str):
        # Lone surrogates have no UTF-8, and would end the whole batch.
        return str(raw) if raw.isascii() else raw.encode(errors="replace").decode()
    if isinstance(raw, float):
        return raw if math.isfinite(raw) else None
    if isinstance(raw, Decimal):
        return raw if raw.is_finite() else None
    return clean(raw.isoformat() if isinstance(raw, datetime) else to_json(raw))

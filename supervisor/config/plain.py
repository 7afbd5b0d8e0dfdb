"""Checked sections back into what a worker's configuration can carry: plain JSON (pure)."""

from decimal import Decimal
from typing import Any

import msgspec

from supervisor.config.units import Delay, Duration, Size


def plain_section(section: msgspec.Struct) -> dict[str, Any]:
    """Return a section's keys that have a value: durations in seconds, amounts as text."""
    found = {name: getattr(section, name) for name in section.__struct_fields__}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def _plain(value: Any) -> Any:
    match value:
        case msgspec.Struct():
            return plain_section(value)
        case Delay():
            return value.value
        case Duration():
            return float(value)
        case Size():
            return int(value)
        case Decimal():
            return str(value)
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value

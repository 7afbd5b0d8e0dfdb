"""Sizes as people write them: `512KB`, `10MB`, `1GB` (pure)."""

import re

from lib.errors import ConfigError

UNITS = {"B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
"""Unit -> bytes."""
EXAMPLE = "512KB, 10MB, 1GB"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]?B)\Z", re.IGNORECASE)


def size(value: object) -> int:
    """Return the bytes that a size means.

    Args:
        value: Text like `10MB`, or 0; other bare numbers are refused: nobody can know their unit.

    Raises:
        ConfigError: It is not a size; the message shows the right form.
    """
    if value == 0 and not isinstance(value, bool):
        return 0
    found = _SIZE.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(f"{value!r} is not a size; write one like {EXAMPLE}")
    return round(float(found[1]) * UNITS[found[2].upper()])

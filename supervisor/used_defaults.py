"""Which default values a configuration leans on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lib.defaults import DEFAULTS
from lib.init import exchanges_of, load_config

EXCHANGE = "EXCHANGE"
"""Stands in the names of `DEFAULTS` for the exchange's own."""


def used_defaults(files: Iterable[str | Path]) -> list[tuple[str, ...]]:
    """Return (name, value, unit, reason) of each default that the files do not override.

    Raises:
        ConfigError: A file is missing or is not YAML.
    """
    tree = load_config(files)
    chosen = tree.values.get("exchange", DEFAULTS["exchange"].value)
    found: list[tuple[str, ...]] = []
    for name, entry in DEFAULTS.items():
        section, _, key = name.rpartition(".")
        shown = name.replace(EXCHANGE, chosen) if chosen in exchanges_of(tree) else name
        if not _is_given(tree.values, section.replace(EXCHANGE, str(chosen)), key):
            found.append((shown, _shown(entry.value), entry.unit, entry.reason))
    return found


def _is_given(values: dict[str, Any], section: str, key: str) -> bool:
    if not section:
        return key in values
    part = _part(values, section)
    if section == "venue" and part is None:
        return True  # without a venue none of its defaults matters
    parts = part if isinstance(part, list) else [part]
    return all(isinstance(one, dict) and key in one for one in parts)


def _part(values: dict[str, Any], section: str) -> Any:
    # an exchange's name has a dot of its own, a section's part another one
    if section in values or "." not in section:
        return values.get(section)
    outer, _, inner = section.rpartition(".")
    part = _part(values, outer)
    return part.get(inner) if isinstance(part, dict) else None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)

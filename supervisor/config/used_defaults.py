"""Which default values a configuration leans on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lib.defaults import DEFAULTS
from lib.init import exchanges_of, load_config

EXCHANGE = "EXCHANGE"
"""Stands in the names of `DEFAULTS` for the exchange's own."""
DATABASE_OF = {"LiveFactory": "InfluxDb", "LocalFactory": "SqliteDb"}
SECTION_OF = {"InfluxDb": "influx", "TimescaleDb": "timescale", "SqliteDb": "sqlite"}
VAULT = "HashicorpVault"


def used_defaults(files: Iterable[str | Path]) -> list[tuple[str, ...]]:
    """Return (name, value, unit, reason) of each default that the files do not override.

    Raises:
        ConfigError: A file is missing or is not YAML.
    """
    tree = load_config(files)
    chosen = tree.values.get("exchange", DEFAULTS["exchange"].value)
    idle = _idle_sections(tree.values)
    found: list[tuple[str, ...]] = []
    for name, entry in DEFAULTS.items():
        section, _, key = name.rpartition(".")
        if section in idle:
            continue
        shown = name.replace(EXCHANGE, chosen) if chosen in exchanges_of(tree) else name
        if not _is_given(tree.values, section.replace(EXCHANGE, str(chosen)), key):
            found.append((shown, _shown(entry.value), entry.unit, entry.reason))
    return found


def _idle_sections(values: dict[str, Any]) -> set[str]:
    # A database or vault that nobody asked for leans on nothing.
    factory = values.get("factory", DEFAULTS["factory"].value)
    database = values.get("database") or DATABASE_OF.get(factory, "")
    vault = values.get("vault")
    used = {SECTION_OF.get(database), *values}
    if VAULT not in (vault, vault.get("name") if isinstance(vault, dict) else None):
        used.discard("vault")
    return {*SECTION_OF.values(), "vault"} - used


def _is_given(values: dict[str, Any], section: str, key: str) -> bool:
    if not section:
        return key in values
    part = _part(values, section)
    if section in ("venue", "on_event") and part is None:
        return True  # without a venue, or a hook, none of its defaults matters
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

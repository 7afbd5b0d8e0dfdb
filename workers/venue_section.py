"""The `venue` section of a configuration file, for a venue that runs alone."""

import os
from pathlib import Path
from typing import Any

from lib.config_tree import ConfigTree
from lib.durations import delays, seconds
from lib.errors import ConfigError
from lib.init import find_path, load_config
from lib.interpolation import fill_in, missing, missing_error, variables

DURATIONS = (
    *("start", "connection_life", "ping_period", "pong_timeout", "listen_key_life"),
    *("order_latency", "cancel_latency"),
)
WRITTEN = ("persist", "record")
"""Files that need not be there yet."""


def read_section(path: str) -> dict[str, Any]:
    """Return the `venue` section of a configuration as `VenueServer` takes it.

    Durations become seconds, paths whole, environment variables their values; what the file's bots
    trade and watch plays from the start. The other sections are not looked at.

    Raises:
        ConfigError: The file is wrong or has no such section.
    """
    whole = load_config([path])
    kept: dict[str, Any] = {
        key: whole.values[key] for key in ("venue", "bots") if key in whole.values
    }
    if not isinstance(kept.get("venue"), dict):
        raise whole.fail("no `venue` section; right would be `venue: {feed: synthetic}`")
    raw = ConfigTree(kept, whole.places, whole.plain)
    lost = missing(variables(raw, lambda _: True), os.environ)
    if lost:
        raise missing_error(lost)
    tree = fill_in(raw, os.environ, lambda _: True)
    section: dict[str, Any] = tree.values["venue"]
    return {"active": _symbols(tree.values.get("bots")), **section, **_read(tree, section, path)}


def _read(tree: ConfigTree, section: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    key = ""
    try:
        for key in DURATIONS:
            if key in section:
                found[key] = seconds(section[key])
        for key in WRITTEN:
            if key in section:
                name = str(section[key])
                found[key] = str(find_path(name, path) or Path(name).expanduser().absolute())
        key = "latency"
        if isinstance(section.get(key), dict):
            found[key] = {way: _delays(each, path) for way, each in section[key].items()}
    except ConfigError as error:
        raise tree.fail(f"venue.{key}: {error.message}", ("venue", key)) from None
    files = section.get("files")
    if isinstance(files, list):
        found["files"] = [str(find_path(str(name), path) or name) for name in files]
    return found


def _delays(value: object, path: str) -> float | list[float] | str:
    read = delays(value)
    return str(find_path(read, path) or read) if isinstance(read, str) else read


def _symbols(bots: object) -> list[str]:
    rows = [bot for bot in bots if isinstance(bot, dict)] if isinstance(bots, list) else []
    named = [bot.get(key) for key in ("symbols", "watch") for bot in rows]
    found = [symbol for symbols in named if isinstance(symbols, list) for symbol in symbols]
    return list(dict.fromkeys(found))

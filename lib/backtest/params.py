"""`key=value` settings of a command line, put into a configuration (pure)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.config_tree import merge, retype
from lib.errors import ConfigError
from lib.registry import ADAPTERS

SECTIONS = ("venue", "backtest")


def apply_params(values: dict[str, Any], params: Sequence[str]) -> dict[str, Any]:
    """Return a configuration with `key=value` settings put into it.

    Raises:
        ConfigError: One is no setting, or is for a bot that is not there.
    """
    for param in params:
        key, is_setting, text = param.partition("=")
        if not is_setting or not key.strip():
            raise ConfigError(f"--param {param!r} must be like width=0.0002 or quoter.width=0.0002")
        values = _apply(values, key.strip(), retype(text.strip()))
    return values


def _apply(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    scope, dot, rest = key.partition(".")
    bots = values.get("bots") or []
    names = [bot_name(bot) for bot in bots if isinstance(bot, dict)]
    if not dot:
        return values | {"bots": [merge(bot, {key: value}) for bot in bots]}
    change: Any = value
    for part in reversed(rest.split(".")):
        change = {part: change}
    if scope in names:
        changed = [
            merge(bot, change) if name == scope else bot
            for bot, name in zip(bots, names, strict=True)
        ]
        return values | {"bots": changed}
    if scope not in SECTIONS:
        known = ", ".join([*names, *SECTIONS])
        raise ConfigError(f"--param {key}: there is no {scope!r}; there are {known}")
    merged: dict[str, Any] = merge(values, {scope: change})
    return merged


def bot_name(bot: Mapping[str, Any]) -> str:
    """Return the name of a bot's section: its own, or that of its file or module."""
    if bot.get("name"):
        return str(bot["name"])
    target = ADAPTERS["bot"].get(str(bot.get("bot")), str(bot.get("bot")))
    path, _, class_name = target.partition(":")
    if path.endswith(".py"):
        return Path(path).stem
    if class_name:
        return path.rpartition(".")[2]
    return path.rpartition(".")[0].rpartition(".")[2] or path

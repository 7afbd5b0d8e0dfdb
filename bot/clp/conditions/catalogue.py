"""Every pause condition by name: strings only, nothing is imported before it is used."""

from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from lib.errors import ConfigError
from lib.registry import find

CONDITIONS = {
    "spread_ratio": "bot.clp.conditions.spread_ratio:SpreadRatio",
    "spread": "bot.clp.conditions.wide_spread:WideSpread",
    "latency": "bot.clp.conditions.latency:Latency",
    "inventory": "bot.clp.conditions.inventory:Inventory",
    "volatility": "bot.clp.conditions.high_volatility:HighVolatility",
    "offline": "bot.clp.conditions.offline:Offline",
    "stale": "bot.clp.conditions.stale:Stale",
    "losses": "bot.clp.conditions.losses:Losses",
}


def make_condition(name: str, settings: Settings) -> Condition:
    """Return the condition that a name in the YAML means.

    Args:
        name: One of `CONDITIONS`, `module:Class`, or `file.py:Class`.
        settings: Its keys.

    Raises:
        ConfigError: There is none, or a key is wrong.
    """
    if name not in CONDITIONS and not any(mark in name for mark in ":./"):
        raise ConfigError(f"unknown condition {name!r}; known: {', '.join(sorted(CONDITIONS))}")
    found: type[Condition] = find("condition", CONDITIONS.get(name, name), Condition)
    return found(settings)

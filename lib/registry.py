"""Every adapter by name: strings only, so that this file imports none of them.

A user's own adapter needs no line here: a dotted path (`my.module:Class`), a file path
(`my/file.py` or `my/file.py:Class`) or a Python entry point of the group `tickvisor.<role>` does.
"""

import importlib
import importlib.util
import inspect
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from lib.errors import ConfigError

ADAPTERS: dict[str, dict[str, str]] = {
    "exchange": {"BINANCE.FUTURES": "lib.exchange.binance.binance_exchange:BinanceFuturesExchange"},
    "stream": {"BINANCE.FUTURES": "lib.stream.binance.market_stream:BinanceMarketStream"},
    "account_stream": {"BINANCE.FUTURES": "lib.stream.binance.account_stream:BinanceAccountStream"},
    "factory": {
        "LiveFactory": "lib.factory.live_factory:LiveFactory",
        "SandboxFactory": "lib.factory.sandbox_factory:SandboxFactory",
        "LocalFactory": "lib.factory.local_factory:LocalFactory",
    },
    "database": {
        "InfluxDb": "lib.database.influx_db:InfluxDb",
        "TimescaleDb": "lib.database.timescale_db:TimescaleDb",
        "SqliteDb": "lib.database.sqlite_db:SqliteDb",
        "FakeDb": "lib.database.fake_db:FakeDb",
        "NoDb": "lib.database.no_db:NoDb",
    },
    "logger": {
        "ConsoleLogger": "lib.logger.console_logger:ConsoleLogger",
        "DbLogger": "lib.logger.db_logger:DbLogger",
    },
    "state": {
        "DbState": "lib.state.db_state:DbState",
        "MemoryState": "lib.state.memory_state:MemoryState",
        "SqliteState": "lib.state.sqlite_state:SqliteState",
    },
    "vault": {
        "ConfigVault": "lib.vault.config_vault:ConfigVault",
        "EnvVault": "lib.vault.env_vault:EnvVault",
        "HashicorpVault": "lib.vault.hashicorp_vault:HashicorpVault",
        "KeyringVault": "lib.vault.keyring_vault:KeyringVault",
    },
    "timer": {
        "LiveTimer": "lib.timer.live_timer:LiveTimer",
        "VirtualTimer": "lib.timer.virtual_timer:VirtualTimer",
    },
    "bot": {
        "SandboxBot": "bot.sandbox_bot:SandboxBot",
        "QuoterBot": "bot.quoter_bot:QuoterBot",
        "CLP": "bot.clp.clp:CLP",
    },
}


def find(role: str, name: str, parent: type | None = None) -> type[Any]:
    """Return the class of `role` that `name` means.

    Args:
        role: `exchange`, `stream`, `factory`, `database`, `logger`, `state`, `vault`, `timer`,
            `bot`.
        name: A registered name, `module:Class`, `module.Class`, `file.py` or `file.py:Class`.
        parent: Class that it must inherit from; with a bare file, the one class of the file that
            does is taken.

    Raises:
        ConfigError: There is no such thing, it does not import, or it is not a `parent`.
    """
    target = ADAPTERS.get(role, {}).get(name) or _entry_point(role, name) or name
    path, _, class_name = target.partition(":")
    try:
        if path.endswith(".py"):
            module = _load_file(Path(path))
        else:
            if not class_name:
                path, _, class_name = path.rpartition(".")
            if not path:
                raise ConfigError(f"unknown {role} {name!r}; known: {known(role)}")
            module = importlib.import_module(path)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{role} {name!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    found = _pick(module, class_name, parent)
    if found is None:
        wanted = class_name or (f"subclass of {parent.__name__}" if parent else "class")
        raise ConfigError(f"{role} {name!r}: {path} has no {wanted}")
    if parent is not None and not issubclass(found, parent):
        raise ConfigError(f"{role} {name!r}: {found.__name__} is not a {parent.__name__}")
    return found


def known(role: str) -> str:
    """Return the registered names of a role, for messages."""
    return ", ".join(sorted(ADAPTERS.get(role, {}))) or "none"


def get_exchange(name: str) -> type[Any]:
    """Return the exchange class that a config section's name means.

    Raises:
        ConfigError: There is none.
    """
    return find("exchange", name)


def _entry_point(role: str, name: str) -> str:
    if ":" in name or name.endswith(".py") or "/" in name:
        return ""
    for point in entry_points(group=f"tickvisor.{role}", name=name):
        return point.value
    return ""


def _load_file(path: Path) -> Any:
    if not path.is_file():
        raise ConfigError(f"no file {path}")
    name = f"tickvisor_user_{path.stem}_{abs(hash(str(path.resolve())))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _pick(module: Any, class_name: str, parent: type | None) -> type[Any] | None:
    if class_name:
        found = getattr(module, class_name, None)
        return found if inspect.isclass(found) else None
    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and (parent is None or issubclass(value, parent))
    ]
    # an unfinished one is still better than none: what it lacks can then be told
    finished = [found for found in own if not inspect.isabstract(found)]
    chosen = finished or own
    return chosen[-1] if chosen else None

"""A factory as the config names it."""

from typing import Any

from lib.database.abstract_database import AbstractDatabase
from lib.errors import ConfigError
from lib.factory.abstract_factory import AbstractFactory
from lib.logger.abstract_logger import AbstractLogger
from lib.registry import find
from lib.state.abstract_state import AbstractState
from lib.timer import AbstractTimer
from lib.vault.abstract_vault import AbstractVault

ROLES: dict[str, tuple[str, type]] = {
    "vault": ("Vault", AbstractVault),
    "database": ("Database", AbstractDatabase),
    "timer": ("Timer", AbstractTimer),
    "logger": ("Logger", AbstractLogger),
    "state": ("State", AbstractState),
}
"""Role in the config -> attribute of the factory, and what its class must inherit from."""


def make_factory(spec: dict[str, Any], config: dict[str, Any]) -> AbstractFactory:
    """Return the factory that a config describes.

    Args:
        spec: `{"name": "LiveFactory", "parts": {"database": "TimescaleDb"}}`; names are those of
            `lib.registry`, dotted paths, or files; `parts` may be left out.
        config: Handed to the factory.

    Raises:
        ConfigError: A name means no class, or the wrong kind of class.
    """
    chosen = find("factory", spec.get("name", "SandboxFactory"), AbstractFactory)
    try:
        factory: AbstractFactory = chosen(config)
    except TypeError as error:
        raise ConfigError(f"factory {spec.get('name')!r}: {error}") from error
    for role, name in (spec.get("parts") or {}).items():
        if role not in ROLES:
            raise ConfigError(f"factory has no part {role!r}; known: {', '.join(ROLES)}")
        attribute, parent = ROLES[role]
        setattr(factory, attribute, find(role, name, parent))
    return factory

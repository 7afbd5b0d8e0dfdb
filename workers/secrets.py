"""Exchange keys, resolved in the one process that may have them."""

import os
from typing import Any

from lib.constants import KEY, VAULT
from lib.factory import make_factory
from lib.init import SECRET_NAMES, VAULT_SECTION, resolve
from lib.timer import LiveTimer

ENVIRONMENT = "environment"
"""Key of the start config under which the exchange worker gets the supervisor's own variables."""
SECTION = "exchange"


def resolve_secrets(config: dict[str, Any]) -> dict[str, Any]:
    """Return the exchange worker's config with `key` and `secret` in its exchange section.

    What stands in the config's section comes first, then the vault.

    Args:
        config: `start.config`; the variables that it carries become this process's own.

    Raises:
        ConfigError: A secret is missing: which, where it was looked for, where to put it.
    """
    os.environ.update(config.get(ENVIRONMENT, {}))
    general = dict(config["general"])
    if VAULT_SECTION in general:
        general[VAULT_SECTION] = resolve(general[VAULT_SECTION], os.environ)
    section = dict(config[SECTION])
    # Only what the supervisor left unresolved: another value's `${` is meant literally.
    section |= resolve(
        {name: section[name] for name in section if name in SECRET_NAMES}, os.environ
    )
    factory = make_factory(config["factory"], general)
    vault = factory.Vault({**general, general[KEY.EXCHANGE]: section}, factory, LiveTimer())
    secrets = {
        name: section.get(name) or vault.Get(name)
        for name in (VAULT.KEY, VAULT.SECRET)
        if not (name == VAULT.SECRET and section.get(VAULT.PRIVATE_KEY))
    }
    public = {key: value for key, value in config.items() if key != ENVIRONMENT}
    return {**public, "general": general, SECTION: {**section, **secrets}}

"""Exchange keys, resolved in the one process that may have them."""

import asyncio
import os
from typing import Any

from lib.constants import KEY, VAULT
from lib.errors import ConfigError
from lib.factory import AbstractFactory, make_factory
from lib.init import SECRET_NAMES, VAULT_SECTION, resolve
from lib.logger import AbstractLogger
from lib.timer import AbstractTimer, LiveTimer
from lib.vault import AbstractVault, VaultUnavailable

ENVIRONMENT = "environment"
"""Key of the start config under which the exchange worker gets the supervisor's own variables."""
SECTION = "exchange"
RETRY_SECONDS = 30.0
"""Pause after a renewal that failed; a lease is given for hours."""
SHORTEST_SECONDS = 1.0


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
    vault = _vault_of(general, section, factory, LiveTimer())
    secrets = {
        name: section.get(name) or vault.Get(name)
        for name in (VAULT.KEY, VAULT.SECRET)
        if not (name == VAULT.SECRET and section.get(VAULT.PRIVATE_KEY))
    }
    public = {key: value for key, value in config.items() if key != ENVIRONMENT}
    return {**public, "general": general, SECTION: {**section, **secrets}}


async def keep_login(
    config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer, log: AbstractLogger
) -> None:
    """Renew the vault's login until it needs no renewal: the next life of this worker wants it.

    Args:
        config: What `resolve_secrets` returned.
        factory: The worker's.
        timer: The worker's.
        log: Told of the first failure in a row.
    """
    vault = _vault_of(config["general"], config[SECTION], factory, timer)
    failed = False
    while True:
        try:
            pause = await asyncio.to_thread(vault.renew)
            failed = False
        except (ConfigError, VaultUnavailable) as error:
            if not failed:
                log.warning("vault login not renewed, tried again", error=error)
            failed, pause = True, RETRY_SECONDS
        if pause is None:
            return
        await timer.SleepAsync(max(SHORTEST_SECONDS, pause))


def _vault_of(
    general: dict[str, Any],
    section: dict[str, Any],
    factory: AbstractFactory,
    timer: AbstractTimer,
) -> AbstractVault:
    return factory.Vault({**general, general[KEY.EXCHANGE]: section}, factory, timer)

"""Where an exchange's keys come from: its section, else the vault."""

from typing import Any

from lib.constants import KEY, VAULT
from lib.errors import ConfigError
from lib.factory import AbstractFactory
from lib.redaction import remember
from lib.timer import AbstractTimer
from lib.vault import AbstractVault


def resolve_keys(
    section: dict[str, Any],
    general: dict[str, Any],
    factory: AbstractFactory,
    timer: AbstractTimer,
) -> dict[str, Any]:
    """Return the exchange's section with `key` and `secret` filled in.

    Args:
        section: The exchange's section; its `name` is the exchange's.
        general: The project's general config, for the vault.
        factory: Whose vault is asked for what the section lacks.
        timer: The process's timer.

    Raises:
        ConfigError: A secret is nowhere; names it, the places looked at, and where to put it.
    """
    found = dict(section)
    name = section["name"]
    private_key = str(section.get(VAULT.PRIVATE_KEY) or "").strip()
    vault: AbstractVault | None = None
    for secret in (VAULT.KEY, VAULT.SECRET):
        value = str(section.get(secret) or "").strip()
        if secret == VAULT.SECRET:
            # A private key signs in place of a secret, and is given in its place.
            value = private_key or value
        if value:
            found[secret] = remember(value)
            continue
        # One for both: a login may be good for a single use.
        vault = vault or factory.Vault(
            {**general, KEY.EXCHANGE: name, name: section}, factory, timer
        )
        try:
            found[secret] = vault.Get(secret)
        except ConfigError as error:
            raise ConfigError(
                f"{error}; or write `{secret}: ${{…}}` in the section {name!r} of the YAML"
            ) from error
    return found

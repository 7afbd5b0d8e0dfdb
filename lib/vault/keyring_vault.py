"""Secrets from this machine's keyring."""

from lib.constants import KEY
from lib.vault.abstract_vault import AbstractVault
from lib.vault.errors import VaultUnavailable


class KeyringVault(AbstractVault):
    """Reads user `<name>` of the service `tickvisor:<exchange>` from the system's keyring.

    Needs the package `keyring`. A secret is stored by `keyring set tickvisor:BINANCE.FUTURES key`.
    """

    def Get(self, name: str) -> str:
        """Return one secret.

        Raises:
            ConfigError: The package, or the secret, is not there.
            VaultUnavailable: The keyring is locked, or the machine has none.
        """
        try:
            import keyring  # noqa: PLC0415 - optional
            from keyring.errors import KeyringError  # noqa: PLC0415 - optional
        except ImportError as error:
            raise self._missing(
                name, "the keyring, which needs a package", "pip install keyring"
            ) from error
        service = f"tickvisor:{self.config.get(KEY.EXCHANGE) or 'keys'}"
        try:
            value = keyring.get_password(service, name)
        except KeyringError as error:
            raise VaultUnavailable(f"the keyring does not open: {error}") from error
        if not value:
            raise self._missing(
                name, f"the keyring's service {service!r}", f"run `keyring set {service} {name}`"
            )
        return self._found(value.strip())

"""What a vault may raise besides `ConfigError`."""

from lib.errors import TickvisorError


class VaultUnavailable(TickvisorError, OSError):
    """The vault is down, sealed or out of reach: trying again later may help.

    Also an `OSError`, since that is what it is to whoever does not know vaults.
    """

"""Where secrets come from."""

from lib.vault.abstract_vault import AbstractVault
from lib.vault.config_vault import ConfigVault
from lib.vault.env_vault import EnvVault
from lib.vault.errors import VaultUnavailable
from lib.vault.hashicorp_vault import HashicorpVault
from lib.vault.keyring_vault import KeyringVault

__all__ = [
    "AbstractVault",
    "ConfigVault",
    "EnvVault",
    "HashicorpVault",
    "KeyringVault",
    "VaultUnavailable",
]

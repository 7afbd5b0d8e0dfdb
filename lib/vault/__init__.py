"""Where secrets come from."""

from lib.vault.abstract_vault import AbstractVault
from lib.vault.config_vault import ConfigVault
from lib.vault.env_vault import EnvVault

__all__ = ["AbstractVault", "ConfigVault", "EnvVault"]

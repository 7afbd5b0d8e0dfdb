"""Secrets from the config's section of the exchange."""

from collections.abc import Mapping

from lib.constants import KEY
from lib.vault.abstract_vault import AbstractVault


class ConfigVault(AbstractVault):
    """Reads `config[config["exchange"]][name]`: `key:` and `secret:` beside the `rest_url:`."""

    def Get(self, name: str) -> str:
        """Return the section's entry of this name.

        Raises:
            ConfigError: The config names no exchange, or its section lacks the entry.
        """
        exchange = self.config.get(KEY.EXCHANGE)
        section = self.config.get(exchange) if isinstance(exchange, str) else None
        value = section.get(name) if isinstance(section, Mapping) else None
        if value is not None and str(value).strip():
            return self._found(str(value).strip())
        section_name = exchange if isinstance(exchange, str) else "<exchange>"
        raise self._missing(
            name,
            f"the config's section {section_name!r}",
            f"write `{name}: ${{{name.upper()}}}` there, or choose another vault",
        )

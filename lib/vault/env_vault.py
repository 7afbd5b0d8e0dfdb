"""Secrets from environment variables."""

import os
import re

from lib.constants import KEY
from lib.vault.abstract_vault import AbstractVault


class EnvVault(AbstractVault):
    """Reads `<EXCHANGE>_<NAME>` (`BINANCE_FUTURES_KEY`), else plain `<NAME>` (`KEY`)."""

    def Get(self, name: str) -> str:
        """Return the first variable of the two that is set and not empty.

        Raises:
            ConfigError: Neither is.
        """
        names = self._names(name)
        for variable in names:
            value = os.environ.get(variable, "").strip()
            if value:
                return self._found(value)
        where = " and ".join(f"${variable}" for variable in names)
        raise self._missing(name, f"the environment ({where})", f"export {names[0]}=…")

    def _names(self, name: str) -> list[str]:
        plain = name.upper()
        exchange = self.config.get(KEY.EXCHANGE)
        if not isinstance(exchange, str) or not exchange:
            return [plain]
        return [f"{re.sub(r'[^A-Z0-9]+', '_', exchange.upper())}_{plain}", plain]

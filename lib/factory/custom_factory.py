"""Any classes."""

from typing import Any

from lib.database.abstract_database import AbstractDatabase
from lib.database.no_db import NoDb
from lib.factory.abstract_factory import AbstractFactory
from lib.logger.abstract_logger import AbstractLogger
from lib.logger.console_logger import ConsoleLogger
from lib.state.abstract_state import AbstractState
from lib.state.memory_state import MemoryState
from lib.timer import AbstractTimer, LiveTimer
from lib.vault.abstract_vault import AbstractVault
from lib.vault.env_vault import EnvVault


class CustomFactory(AbstractFactory):
    """The classes that its constructor is given.

    Args:
        config: The merged config.
        vault: Class for secrets.
        database: Class for history.
        timer: Class for time.
        logger: Class for events.
        state: Class for what survives a restart.
    """

    def __init__(
        self,
        config: dict[str, Any],
        vault: type[AbstractVault] = EnvVault,
        database: type[AbstractDatabase] = NoDb,
        timer: type[AbstractTimer] = LiveTimer,
        logger: type[AbstractLogger] = ConsoleLogger,
        state: type[AbstractState] = MemoryState,
    ) -> None:
        """Take each class for its role."""
        self.Vault = vault
        self.Database = database
        self.Timer = timer
        self.Logger = logger
        self.State = state
        super().__init__(config)

"""For one machine without servers: history and state in SQLite files."""

from lib.database.sqlite_db import SqliteDb
from lib.factory.abstract_factory import AbstractFactory
from lib.logger.console_logger import ConsoleLogger
from lib.state.sqlite_state import SqliteState
from lib.timer import LiveTimer
from lib.vault.env_vault import EnvVault


class LocalFactory(AbstractFactory):
    """EnvVault, SqliteDb, LiveTimer, ConsoleLogger, SqliteState."""

    Vault = EnvVault
    Database = SqliteDb
    Timer = LiveTimer
    Logger = ConsoleLogger
    State = SqliteState

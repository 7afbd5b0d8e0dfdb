"""For trying out: nothing to install, nothing kept."""

from lib.database.fake_db import FakeDb
from lib.factory.abstract_factory import AbstractFactory
from lib.logger.console_logger import ConsoleLogger
from lib.state.memory_state import MemoryState
from lib.timer import LiveTimer
from lib.vault.env_vault import EnvVault


class SandboxFactory(AbstractFactory):
    """EnvVault, FakeDb, LiveTimer, ConsoleLogger, MemoryState."""

    Vault = EnvVault
    Database = FakeDb
    Timer = LiveTimer
    Logger = ConsoleLogger
    State = MemoryState

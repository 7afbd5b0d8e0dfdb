"""For production: InfluxDB for history, logs and state."""

from lib.database.influx_db import InfluxDb
from lib.factory.abstract_factory import AbstractFactory
from lib.logger.db_logger import DbLogger
from lib.state.db_state import DbState
from lib.timer import LiveTimer
from lib.vault.config_vault import ConfigVault


class LiveFactory(AbstractFactory):
    """ConfigVault, InfluxDb, LiveTimer, DbLogger, DbState."""

    Vault = ConfigVault
    Database = InfluxDb
    Timer = LiveTimer
    Logger = DbLogger
    State = DbState

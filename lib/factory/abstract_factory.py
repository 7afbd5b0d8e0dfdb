"""What a factory promises."""

from typing import TYPE_CHECKING, Any

from lib.database.abstract_database import AbstractDatabase
from lib.logger.abstract_logger import AbstractLogger
from lib.state.abstract_state import AbstractState
from lib.timer import AbstractTimer
from lib.vault.abstract_vault import AbstractVault

if TYPE_CHECKING:
    from lib.exchange import AbstractExchange


class AbstractFactory:
    """Says which class plays each role; every attribute is a class, not an object.

    Each of them is constructed with `(config, factory, timer)`, except `Timer`, which takes no
    argument. `Exchange` is put there by the process that runs a bot (worker or backtest).

    Args:
        config: The merged config, for factories that choose by it.

    Raises:
        TypeError: A subclass leaves one of the five out.
    """

    Vault: type[AbstractVault]
    Database: type[AbstractDatabase]
    Timer: type[AbstractTimer]
    Logger: type[AbstractLogger]
    State: type[AbstractState]
    Exchange: "type[AbstractExchange]"

    def __init__(self, config: dict[str, Any]) -> None:
        """Keep the config and check that every role has its class."""
        self.config = config
        for role in ("Vault", "Database", "Timer", "Logger", "State"):
            if not isinstance(getattr(self, role, None), type):
                raise TypeError(f"{type(self).__name__} needs a class as its {role}")

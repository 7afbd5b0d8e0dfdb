"""State in the database, with a copy on this machine."""

from typing import TYPE_CHECKING, Any

from lib.async_ejector import FieldsAsyncEjector
from lib.database.errors import DatabaseUnavailable
from lib.state.abstract_state import AbstractState
from lib.state.envelope import pushed_at, seal, unseal
from lib.state.sqlite_state import SqliteState
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

FIELD = "tickvisor_state"


class DbState(AbstractState):
    """Keeps the state as one JSON field in the factory's database.

    A Push goes to a local file at once (`SqliteState`) and to the database in the background, so
    a database that is down delays nothing and loses nothing. Pop takes the newer of the two: a
    bot that moved to another machine finds its state in the database.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Make both; the database connects at first use."""
        super().__init__(config, factory, timer)
        self.database = factory.Database(config, factory, timer)
        self._local = SqliteState(config, factory, timer)

    def Push(self, state: dict[str, Any]) -> None:
        """Store here and hand to the background writer.

        Raises:
            TypeError: `state` holds something that JSON cannot express; nothing is changed.
            ConfigError: The local file cannot be written.
        """
        self._local.Push(state)
        text = seal(state, self.timer.Timestamp())
        FieldsAsyncEjector(self.database, self.timer, **{FIELD: text}).start()

    def Pop(self) -> dict[str, Any]:
        """Return the newer of the local and the database's state, {} when there is none.

        With the database out of reach the local one counts; that is logged.

        Raises:
            ConfigError: What is stored is damaged.
        """
        local = self._local.newest()
        try:
            remote = self.database.readLast(FIELD)
        except DatabaseUnavailable as error:
            self._warn(str(error), bool(local))
            remote = None
        found = max((text for text in (local, remote) if text), key=pushed_at, default="")
        return unseal(found, f"{self.namespace} in {self.database.target}") if found else {}

    def close(self) -> None:
        """Close the local file and the database's connections."""
        self._local.close()
        self.database.close()

    def _warn(self, error: str, has_local: bool) -> None:
        logger = self.factory.Logger(self.config, self.factory, self.timer)
        if has_local:
            logger.warning("database not asked for the state, took the local one", error=error)
        else:
            logger.error("database not asked for the state, none here: starts empty", error=error)

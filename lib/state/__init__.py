"""What a bot remembers over a restart."""

from lib.state.abstract_state import AbstractState
from lib.state.db_state import DbState
from lib.state.memory_state import MemoryState
from lib.state.sqlite_state import SqliteState

__all__ = ["AbstractState", "DbState", "MemoryState", "SqliteState"]

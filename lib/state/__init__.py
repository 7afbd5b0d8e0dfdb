"""What a bot remembers over a restart."""

from lib.state.abstract_state import AbstractState
from lib.state.memory_state import MemoryState

__all__ = ["AbstractState", "MemoryState"]

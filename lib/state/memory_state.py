"""State that ends with its object."""

from typing import TYPE_CHECKING, Any

from lib.state.abstract_state import AbstractState
from lib.state.envelope import seal, unseal
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory


class MemoryState(AbstractState):
    """Keeps the state in memory: for backtests, tests, and bots that start afresh each time."""

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Start with nothing stored."""
        super().__init__(config, factory, timer)
        self._text = ""

    def Push(self, state: dict[str, Any]) -> None:
        """Store a deep copy.

        Raises:
            TypeError: As with every state, so that a bot fails in its test, not in production.
        """
        self._text = seal(state, self.timer.Timestamp())

    def Pop(self) -> dict[str, Any]:
        """Return a deep copy of the last Push, {} before the first."""
        return unseal(self._text, "memory") if self._text else {}

"""Pushes a CLP's state at every change, and finds the former life's."""

from bot.clp.state import ClpState
from lib.logger import AbstractLogger
from lib.state import AbstractState


class Memory:
    """The bot's state store, with the newest state that it holds.

    Args:
        store: Where it is kept.
        logger: Told when what is stored cannot be used.
    """

    def __init__(self, store: AbstractState, logger: AbstractLogger) -> None:
        """Look up what a former life has stored."""
        self._store = store
        self.stored: ClpState | None = None
        """Newest state in the store, None if there is none that can be used."""
        found = store.Pop()
        if found:
            try:
                self.stored = ClpState.unpack(found)
            except ValueError as error:
                logger.warning("stored state not used", reason=str(error))

    def save(self, state: ClpState) -> None:
        """Store a state, unless it is stored already."""
        if state != self.stored:
            self._store.Push(state.pack())
            self.stored = state

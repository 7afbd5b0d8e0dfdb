"""Halts until the exchange worker has carried them out, whatever becomes of its lives (pure).

New risk stops at once by the roster. Only the exchange worker cancels, closes, and journals the
latch: a halt that it did not get, or did not answer before it ended, is asked of its next life.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

Facts = dict[str, Any]


class Askable(Protocol):
    """What is needed of the run."""

    @property
    def exchange_life(self) -> int:
        """The exchange worker's life that obeys now, 0 when there is none."""

    def ask_exchange(self, action: str, request_id: str, wanted: Facts) -> bool:
        """Hand a request to the exchange worker; return False when there is none."""


@dataclass(slots=True)
class Halt:
    """One halt, and the life of the exchange worker that was asked for it, 0 = none yet."""

    wanted: Facts
    life: int = 0

    def is_like(self, wanted: Facts) -> bool:
        """Return whether another one asks for the same."""
        return all(self.wanted.get(key) == wanted.get(key) for key in ("owners", "flatten"))


class Halts:
    """The halts that are not carried out yet.

    Args:
        askable: The run.
    """

    def __init__(self, askable: Askable) -> None:
        """Have none."""
        self._askable = askable
        self._open: dict[str, Halt] = {}

    def add(self, request_id: str, wanted: Facts) -> bool:
        """Ask for a halt, now or later; return whether it was now.

        Args:
            request_id: By which it is answered.
            wanted: `owners` (none = everyone), `flatten`, `within`, `reason`.
        """
        for other, halt in tuple(self._open.items()):
            if not halt.life and halt.is_like(wanted):
                del self._open[other]  # somebody tries again: once is enough
        self._open[request_id] = Halt(wanted)
        self.arrived()
        return bool(self._open[request_id].life)

    def arrived(self) -> None:
        """Ask the present life for what it was not asked for; it may just have come."""
        life = self._askable.exchange_life if self._open else 0
        for request_id, halt in self._open.items():
            if life and halt.life != life:
                halt.life = life
                self._askable.ask_exchange("halt", request_id, halt.wanted)

    def answered(self, request_id: str) -> None:
        """Note that a halt was carried out, as far as it could be."""
        self._open.pop(request_id, None)

    def resumed(self, owners: Collection[str]) -> None:
        """Take back what was not carried out for these owners; none = for all."""
        for request_id, halt in tuple(self._open.items()):
            named = halt.wanted["owners"]
            left = [owner for owner in named if owner not in owners]
            if not owners or (named and not left):
                del self._open[request_id]
            else:
                halt.wanted = {**halt.wanted, "owners": left}

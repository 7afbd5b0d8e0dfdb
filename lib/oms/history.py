"""Updates told to each owner lately, for one that missed some (pure)."""

from collections import defaultdict, deque

from lib.bus.protocol import OrderUpdate

KEPT = 4_096
"""Updates kept per owner: half a minute at the exchange's own limit of orders."""


class History:
    """Remembers what was published under each owner's topic in this life.

    Args:
        incarnation: This life's number.
    """

    def __init__(self, incarnation: int) -> None:
        """Start empty."""
        self._incarnation = incarnation
        self._updates: dict[str, deque[tuple[int, OrderUpdate]]] = defaultdict(
            lambda: deque(maxlen=KEPT)
        )

    def add(self, sequence: int, update: OrderUpdate) -> None:
        """Remember one update by the sequence that it was published with."""
        self._updates[update.owner].append((sequence, update))

    def after(self, owner: str, incarnation: int, sequence: int) -> list[OrderUpdate]:
        """Return what an owner has not seen, oldest first.

        Args:
            owner: Whose updates.
            incarnation: Publisher's life of the last update that it saw.
            sequence: Sequence of that update.
        """
        since = sequence if incarnation == self._incarnation else 0
        return [update for number, update in self._updates[owner] if number > since]

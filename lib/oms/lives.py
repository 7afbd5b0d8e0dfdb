"""Who may act: the lives of bots, as the supervisor's roster tells them (pure)."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lib.constants import WorkerState

BOT = "bot:"
ALIVE = frozenset(
    {WorkerState.STARTING, WorkerState.READY, WorkerState.STALE, WorkerState.STOPPING}
)


class Ended(NamedTuple):
    """A life that is over."""

    owner: str
    incarnation: int


class Lives:
    """Which life of which owner may act; a life that was seen to end never acts again."""

    def __init__(self) -> None:
        """Start knowing nobody."""
        self._alive: dict[str, int] = {}
        self._ended: dict[str, int] = {}

    def update(self, rows: Iterable[Sequence[Any]]) -> list[Ended]:
        """Take in a whole roster, rows `[worker name, incarnation, state]`.

        Returns:
            The lives that ended since the roster before.
        """
        now: dict[str, int] = {}
        for name, incarnation, state in rows:
            if str(name).startswith(BOT) and state in ALIVE:
                owner = str(name).removeprefix(BOT)
                if incarnation > self._ended.get(owner, 0):
                    now[owner] = int(incarnation)
        ended = [
            Ended(owner, incarnation)
            for owner, incarnation in self._alive.items()
            if now.get(owner) != incarnation
        ]
        self._alive = now
        for owner, incarnation in ended:
            self._ended[owner] = max(incarnation, self._ended.get(owner, 0))
        return ended

    def end(self, owner: str) -> None:
        """Close an owner's present life by its own wish."""
        incarnation = self._alive.pop(owner, None)
        if incarnation is not None:
            self._ended[owner] = incarnation

    def alive(self, owner: str) -> int | None:
        """Return the incarnation of an owner's present life, None if it has none."""
        return self._alive.get(owner)

    def owners(self) -> list[str]:
        """Return who lives."""
        return list(self._alive)

"""In which order workers start and stop (pure logic).

Start: venue, then exchange and streams, then bots; a group starts when everyone before it is
ready. Stop is the reverse, so that bots clean up while the exchange worker still serves.
"""

from collections.abc import Container, Iterable

from lib.constants import WorkerKind

GROUPS = ((WorkerKind.VENUE,), (WorkerKind.EXCHANGE, WorkerKind.STREAM), (WorkerKind.BOT,))
STOP_GROUPS = ((WorkerKind.BOT,), (WorkerKind.EXCHANGE,), (WorkerKind.STREAM,), (WorkerKind.VENUE,))


class Sequence:
    """Walks through groups of names, one at a time.

    Args:
        groups: Names, first group first; empty groups are skipped.
    """

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        """Stand before the first group."""
        self._groups = [set(group) for group in groups if group]
        self._waiting: set[str] = set()

    def advance(self) -> list[str]:
        """Return the names of the next group when nothing of the present one is awaited."""
        if self._waiting or not self._groups:
            return []
        self._waiting = self._groups.pop(0)
        return sorted(self._waiting)

    def done(self, name: str) -> None:
        """Note that a name needs no longer be waited for."""
        self._waiting.discard(name)

    def keep(self, names: Container[str]) -> None:
        """Wait for no others than these, now and later: the others are gone."""
        self._waiting = {name for name in self._waiting if name in names}
        groups = [{name for name in group if name in names} for group in self._groups]
        self._groups = [group for group in groups if group]

    @property
    def finished(self) -> bool:
        """True when every group is through."""
        return not self._waiting and not self._groups

    @property
    def waiting(self) -> frozenset[str]:
        """The names that are waited for."""
        return frozenset(self._waiting)


def start_order(kinds: dict[str, WorkerKind]) -> Sequence:
    """Return the order of starting the named workers."""
    return _sequence(kinds, GROUPS)


def stop_order(kinds: dict[str, WorkerKind]) -> Sequence:
    """Return the order of stopping the named workers."""
    return _sequence(kinds, STOP_GROUPS)


def _sequence(kinds: dict[str, WorkerKind], groups: tuple[tuple[WorkerKind, ...], ...]) -> Sequence:
    return Sequence([name for name, kind in kinds.items() if kind in group] for group in groups)

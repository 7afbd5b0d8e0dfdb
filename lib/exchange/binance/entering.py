"""Orders between their arrival and their first check: nobody knows them yet (pure)."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager


class Entering:
    """Lets their owner take back what cannot be cancelled yet."""

    def __init__(self) -> None:
        """Wait for nobody."""
        self._owners: dict[str, str] = {}
        self._unwanted: set[str] = set()

    @contextmanager
    def of(self, owner: str, ids: Iterable[str]) -> Iterator[set[str]]:
        """Hold an owner's orders for a while; yields those that it takes back meanwhile."""
        mine = dict.fromkeys(ids, owner)
        self._owners |= mine
        unwanted: set[str] = set()
        try:
            yield unwanted
        finally:
            unwanted |= self._unwanted & mine.keys()
            self._unwanted -= mine.keys()
            for name in mine:
                self._owners.pop(name, None)

    def withdraw(self, owner: str, ids: Collection[str]) -> set[str]:
        """Take back an owner's orders; return which of them.

        Args:
            owner: Whose.
            ids: Which; all of the owner's when there are none.
        """
        found = {
            name
            for name, whose in self._owners.items()
            if whose == owner and (not ids or name in ids)
        }
        self._unwanted |= found
        return found

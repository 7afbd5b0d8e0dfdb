"""Cancels as standing wishes: which ids to name again, and when (pure)."""

from collections.abc import Iterable

from lib.constants import NS_PER_MS, NS_PER_SECOND

UNSENT_NS = 20 * NS_PER_MS
"""Until the next try when no exchange worker was there to take a cancel."""
FIRST_NS = 500 * NS_PER_MS
LONGEST_NS = 4 * NS_PER_SECOND


class Wishes:
    """Orders that must go, each until it is final."""

    def __init__(self) -> None:
        """Wish nothing."""
        self._wait_ns: dict[str, int] = {}
        self._due_ns: dict[str, int] = {}

    def add(self, ids: Iterable[str], now_ns: int) -> None:
        """Wish orders gone, to be named at once; a wish that stands already changes nothing."""
        for client_id in ids:
            if client_id not in self._due_ns:
                self._due_ns[client_id] = now_ns
                self._wait_ns[client_id] = FIRST_NS

    def fulfil(self, client_id: str) -> None:
        """Forget a wish: its order is final."""
        self._due_ns.pop(client_id, None)
        self._wait_ns.pop(client_id, None)

    def due(self, now_ns: int) -> tuple[str, ...]:
        """Return the ids to name now."""
        return tuple(key for key, due_ns in self._due_ns.items() if due_ns <= now_ns)

    def sent(self, ids: Iterable[str], now_ns: int) -> None:
        """Note that a cancel of these ids has left; the wait until the next one doubles."""
        for client_id in ids:
            if client_id in self._due_ns:
                wait_ns = self._wait_ns[client_id]
                self._due_ns[client_id] = now_ns + wait_ns
                self._wait_ns[client_id] = min(2 * wait_ns, LONGEST_NS)

    def unsent(self, ids: Iterable[str], now_ns: int) -> None:
        """Note that nobody was there to take the cancel."""
        for client_id in ids:
            if client_id in self._due_ns:
                self._due_ns[client_id] = now_ns + UNSENT_NS

    def repeat(self, now_ns: int) -> None:
        """Make every wish due: the exchange worker is a new one and knows none of them."""
        ids = list(self._due_ns)
        self._due_ns.clear()
        self.add(ids, now_ns)

    def deadline(self) -> int | None:
        """Return when the next wish is due, None without one."""
        return min(self._due_ns.values(), default=None)

    def __len__(self) -> int:
        """Return the number of orders that must go."""
        return len(self._due_ns)

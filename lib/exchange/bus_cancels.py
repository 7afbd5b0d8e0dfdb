"""Cancels as standing wishes: which ids to name again, and when (pure)."""

from collections.abc import Callable, Iterable
from typing import Any

from lib.bus.protocol import Method
from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.exchange.bus_orders import OwnOrders
from lib.models import Update

UNSENT_NS = 20 * NS_PER_MS
"""Until the next try when no exchange worker was there to take a cancel."""
FIRST_NS = 500 * NS_PER_MS
CANCEL_SECONDS = 1.0
LONGEST_NS = 4 * NS_PER_SECOND

Ask = Callable[[str, list[Any], int, float, tuple[str, ...]], bytes | None]


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


class Cancels:
    """Names the orders that must go to the exchange worker, again and again.

    Args:
        orders: The bot's own.
        request: Sends a request (method, args, now, seconds, ids); None when nobody takes it.
    """

    def __init__(self, orders: OwnOrders, request: Ask) -> None:
        """Wish nothing."""
        self.wishes = Wishes()
        self._orders = orders
        self._request = request

    def want(self, ids: list[str] | None, now_ns: int) -> None:
        """Wish orders gone, None for all of this owner."""
        if ids is None:
            # Everything also covers what only the worker knows of.
            due = tuple(self._orders.open_ids())
            self.wishes.add(due, now_ns)
            if self._request(Method.CANCEL, [[]], now_ns, CANCEL_SECONDS, ()) is not None:
                self.wishes.sent(due, now_ns)
            return
        orders = {client_id: self._orders.get(client_id) for client_id in ids}
        unknown = tuple(client_id for client_id, order in orders.items() if order is None)
        if unknown:
            self._request(Method.CANCEL, [list(unknown)], now_ns, CANCEL_SECONDS, unknown)
        self.wishes.add((key for key, order in orders.items() if _is_open(order)), now_ns)
        self.send(now_ns)

    def send(self, now_ns: int) -> None:
        """Name what is due."""
        due = self.wishes.due(now_ns)
        if not due:
            return
        if self._request(Method.CANCEL, [list(due)], now_ns, CANCEL_SECONDS, due) is not None:
            self.wishes.sent(due, now_ns)
        else:
            self.wishes.unsent(due, now_ns)


def _is_open(order: Update | None) -> bool:
    return order is not None and not order.status.is_final

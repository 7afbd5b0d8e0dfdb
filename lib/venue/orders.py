"""Orders as the venue keeps them, and each account's index of them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lib.venue.formats import ZERO

OPEN = ("NEW", "PARTIALLY_FILLED")


@dataclass(slots=True)
class VenueOrder:
    """One regular order; quantities in base units, unsigned, times in ns.

    `ahead` is the market's quantity before it in its level's queue, `shown` the level's displayed
    quantity when last seen, `printed` what traded there since. `sequence` gives time priority.
    `born` and `ended` are steps of the account's story: their order is true, whatever clocks do.
    """

    id: int
    client_id: str
    account: str
    symbol: str
    side: str
    position_side: str
    type: str
    time_in_force: str
    price: Decimal
    qty: Decimal
    created_ns: int
    updated_ns: int
    reduce_only: bool = False
    close_position: bool = False
    prevention: str = "EXPIRE_MAKER"
    price_match: str = "NONE"
    good_till_ms: int = 0
    status: str = "NEW"
    filled: Decimal = ZERO
    quote: Decimal = ZERO
    reason: str = "0"
    announced: bool = False
    resting: bool = False
    sequence: int = 0
    ahead: Decimal = ZERO
    shown: Decimal = ZERO
    printed: Decimal = ZERO
    changes: int = 0
    algo_id: int = 0
    forced: bool = False
    born: int = 0
    ended: int = 0

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side == "BUY"

    @property
    def is_open(self) -> bool:
        """Whether it can still fill."""
        return self.status in OPEN

    @property
    def remaining(self) -> Decimal:
        """Quantity not filled yet."""
        return self.qty - self.filled

    @property
    def average(self) -> Decimal:
        """Average fill price, 0 without fills."""
        return self.quote / self.filled if self.filled else ZERO


class OrderIndex:
    """One account's orders by id, by client id, and the open ones by symbol.

    Args:
        limit: Closed orders kept; older ones are forgotten.
    """

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._limit = limit
        self._by_id: dict[int, VenueOrder] = {}
        self._newest: dict[tuple[str, str], VenueOrder] = {}
        self._open: dict[str, dict[int, VenueOrder]] = {}
        self._open_clients: dict[str, VenueOrder] = {}
        self._closed: deque[int] = deque()

    def __iter__(self) -> Iterator[VenueOrder]:
        """Yield every kept order, oldest first."""
        return iter(self._by_id.values())

    def add(self, order: VenueOrder) -> None:
        """Take an accepted order."""
        self._by_id[order.id] = order
        self._newest[order.symbol, order.client_id] = order
        if order.is_open:
            self._open.setdefault(order.symbol, {})[order.id] = order
            self._open_clients[order.client_id] = order

    def close(self, order: VenueOrder) -> None:
        """Note that an order is final."""
        if self._open.get(order.symbol, {}).pop(order.id, None) is None:
            return
        if self._open_clients.get(order.client_id) is order:
            del self._open_clients[order.client_id]
        self._closed.append(order.id)
        while len(self._closed) > self._limit:
            old = self._by_id.pop(self._closed.popleft())
            if self._newest.get((old.symbol, old.client_id)) is old:
                del self._newest[old.symbol, old.client_id]

    def find(self, symbol: str, order_id: int | None, client_id: str | None) -> VenueOrder | None:
        """Return the order that an id (which wins) or a client id means, None without one."""
        if order_id is not None:
            order = self._by_id.get(order_id)
            return order if order is not None and order.symbol == symbol else None
        return self._newest.get((symbol, client_id or ""))

    def with_client_id(self, client_id: str) -> VenueOrder | None:
        """Return the open order with a client id."""
        return self._open_clients.get(client_id)

    def open(self, symbol: str | None = None) -> list[VenueOrder]:
        """Return the open orders, oldest first."""
        if symbol is not None:
            return list(self._open.get(symbol, {}).values())
        return sorted((o for each in self._open.values() for o in each.values()), key=_by_number)

    def open_pairs(self) -> set[tuple[str, str]]:
        """Return the (symbol, position side) pairs that have open orders."""
        return {
            (each.symbol, each.position_side)
            for orders in self._open.values()
            for each in orders.values()
        }


def _by_number(order: VenueOrder) -> int:
    return order.id

"""Conditional ("algo") orders as the venue keeps them, and each account's index of them."""

from dataclasses import dataclass
from decimal import Decimal

from lib.venue.formats import ZERO
from lib.venue.orders import VenueOrder

WAITING = ("NEW", "TRIGGERING")


@dataclass(slots=True)
class AlgoOrder:
    """One conditional order; quantities in base units, times in ns.

    Its states: NEW, then CANCELED or EXPIRED, or TRIGGERING, then REJECTED or TRIGGERED and, when
    the child is final, FINISHED. `extreme` is the best price since a trailing order's activation.
    """

    id: int
    client_id: str
    account: str
    symbol: str
    side: str
    position_side: str
    type: str
    time_in_force: str
    qty: Decimal
    price: Decimal
    trigger_price: Decimal
    created_ns: int
    updated_ns: int
    working_type: str = "CONTRACT_PRICE"
    price_match: str = "NONE"
    close_position: bool = False
    price_protect: bool = False
    reduce_only: bool = False
    activate_price: Decimal | None = None
    callback_rate: Decimal | None = None
    prevention: str = "EXPIRE_MAKER"
    good_till_ms: int = 0
    status: str = "NEW"
    trigger_ns: int = 0
    activated: bool = False
    extreme: Decimal = ZERO
    child: VenueOrder | None = None
    message: str = ""

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side == "BUY"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its trigger (or is just being triggered)."""
        return self.status in WAITING

    @property
    def is_trailing(self) -> bool:
        """Whether its trigger follows the price."""
        return self.type == "TRAILING_STOP_MARKET"

    @property
    def child_type(self) -> str:
        """Type of the order that it becomes."""
        return "LIMIT" if self.type in ("STOP", "TAKE_PROFIT") else "MARKET"


class AlgoIndex:
    """One account's conditional orders by id and by client id.

    Args:
        limit: Orders kept; the oldest final ones are forgotten.
    """

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._limit = limit
        self._by_id: dict[int, AlgoOrder] = {}
        self._newest: dict[str, AlgoOrder] = {}
        self._open: dict[int, AlgoOrder] = {}

    def add(self, order: AlgoOrder) -> None:
        """Take an accepted order."""
        self._by_id[order.id] = order
        self._newest[order.client_id] = order
        self._open[order.id] = order
        oldest = next(iter(self._by_id.values()))
        if len(self._by_id) > self._limit and not oldest.is_open:
            del self._by_id[oldest.id]
            if self._newest.get(oldest.client_id) is oldest:
                del self._newest[oldest.client_id]

    def all(self) -> list[AlgoOrder]:
        """Return every order, oldest first."""
        return list(self._by_id.values())

    def open(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Return the waiting orders, oldest first."""
        self._open = {number: each for number, each in self._open.items() if each.is_open}
        return [each for each in self._open.values() if symbol is None or each.symbol == symbol]

    def find(self, algo_id: int | None, client_id: str | None) -> AlgoOrder | None:
        """Return the order that an id (which wins) or a client id means, None without one."""
        if algo_id is not None:
            return self._by_id.get(algo_id)
        return self._newest.get(client_id or "")

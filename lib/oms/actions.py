"""What `lib.oms` wants done; the shell does it and reports what came of it (pure)."""

from typing import NamedTuple

from lib.bus.protocol import OrderUpdate
from lib.oms.rows import FillRow, OrderRow


class Publish(NamedTuple):
    """Tell the owner."""

    update: OrderUpdate
    order: OrderRow | None = None
    """State to be journaled."""
    fill: FillRow | None = None
    """Fill to be journaled before the owner is told."""


class Record(NamedTuple):
    """Journal a change that the owner is not told."""

    order: OrderRow


class CancelOrder(NamedTuple):
    """Ask the exchange to cancel one order; answer with `Orders.on_report` or `on_question`."""

    id: str
    """As it is on the wire."""
    symbol: str
    conditional: bool
    has_child: bool
    """A regular order of the same id may exist, too: cancel both."""


class QueryOrder(NamedTuple):
    """Ask the exchange for one order; answer with `Orders.on_report` or `Orders.on_absent`."""

    id: str
    symbol: str
    conditional: bool | None
    """None: not known, look in both places."""


class FetchFills(NamedTuple):
    """Ask the exchange for the executions of one order; answer with `Orders.on_fill` for each."""

    id: str
    symbol: str
    exchange_id: int


Action = Publish | Record | CancelOrder | QueryOrder | FetchFills

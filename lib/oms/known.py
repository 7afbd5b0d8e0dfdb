"""Every order of ours that is known, by each of its names (pure)."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from lib.constants import Status
from lib.oms.deliveries import Deliveries
from lib.oms.ids import intent_id, parse
from lib.oms.rows import Past, order_of
from lib.oms.tracked import Tracked

REMEMBERED = 20_000
"""Closed orders and fills kept, to know what comes again."""

K = TypeVar("K")
V = TypeVar("V")


class Known:
    """Remembers orders and fills; `lib.oms.orders` decides about them.

    Args:
        prefixes: Id prefix -> owner.
        epoch: The journal's number.
        life: Another number in each life of the process.
    """

    def __init__(self, prefixes: dict[str, str], epoch: int = 1, life: int = 1) -> None:
        """Start knowing no order."""
        self._prefixes = prefixes
        self.deliveries = Deliveries(epoch, life)
        self._open: dict[str, Tracked] = {}
        self._of_symbol: dict[str, dict[str, Tracked]] = defaultdict(dict)
        self._closed: OrderedDict[str, Tracked] = OrderedDict()
        self._booked: OrderedDict[tuple[str, int, int], None] = OrderedDict()
        self._highest: dict[str, str] = {}
        self._by_exchange: OrderedDict[tuple[str, int], str] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def learn(self, prefixes: dict[str, str]) -> None:
        """Know further owners by their prefixes."""
        self._prefixes = {**self._prefixes, **prefixes}

    def get(self, client_id: str) -> Tracked | None:
        """Return an order by its id, of whichever attempt."""
        name = intent_id(client_id)
        return self._open.get(name) or self._closed.get(name)

    def by_exchange_id(self, symbol: str, exchange_id: int) -> Tracked | None:
        """Return a regular order (or a conditional one's child) by the exchange's id."""
        return self.get(self._by_exchange.get((symbol, exchange_id), ""))

    def owner_of(self, client_id: str) -> str | None:
        """Return whose id this is, None for a foreign one."""
        parts = parse(client_id)
        return None if parts is None else self._prefixes.get(parts.prefix)

    def open_orders(self, owner: str | None = None) -> Iterator[Tracked]:
        """Yield what may still trade, of one owner or of all."""
        if owner is None:
            return iter(self._open.values())
        return (order for order in self._open.values() if order.owner == owner)

    def open_of(self, symbol: str) -> Iterable[Tracked]:
        """Return what may still trade of one symbol; risk asks this before every order."""
        return self._of_symbol[symbol].values() if symbol in self._of_symbol else ()

    def symbols(self) -> set[str]:
        """Return the symbols of all orders that are remembered."""
        closed = {order.symbol for order in self._closed.values()}
        return closed | {order.symbol for order in self._open.values()}

    def highest_id(self, owner: str) -> str:
        """Return the greatest id seen of an owner, "" for none."""
        return self._highest.get(owner, "")

    def ask_again(self, client_id: str, at_ns: int) -> None:
        """Note that a question about an order has failed: it is put again at that time."""
        order = self._open.get(client_id)
        if order is not None:
            order.query_due_ns = order.query_due_ns or at_ns

    def ask_by(self, client_id: str, at_ns: int) -> None:
        """Note that an order is to be asked for at a time, if not before."""
        order = self._open.get(client_id)
        if order is not None:
            order.query_due_ns = min(order.query_due_ns or at_ns, at_ns)

    def restore(self, past: Past, now_ns: int) -> None:
        """Take over what a former life of the process believed.

        What it had journaled and perhaps sent is of unknown fate: it is asked for, never sent.
        """
        self.deliveries.restore(past)
        self._highest.update(past.highest)
        for order in map(order_of, past.orders):
            if order.exchange_id and (order.child or not order.conditional):
                remember(self._by_exchange, (order.symbol, order.exchange_id), order.id)
            if order.status is Status.PENDING:
                order.status, order.reason = Status.UNKNOWN, "the exchange worker was restarted"
            if not order.is_open:
                remember(self._closed, order.id, order)
                continue
            order.query_due_ns = now_ns if order.status is Status.UNKNOWN else 0
            order.cancel_due_ns = now_ns if order.cancel_wanted else 0
            order.fetch_due_ns = now_ns if order.lacks_fills else 0
            self._hold(order)
        for row in past.fills:
            remember(self._booked, (row.symbol, row.trade_id, row.exchange_id), None)
            if booked := self.get(row.id):
                booked.trades.add(row.trade_id)

    def _follow(self, order: Tracked) -> None:
        self._hold(order)
        if order.id > self._highest.get(order.owner, ""):
            self._highest[order.owner] = order.id

    def _hold(self, order: Tracked) -> None:
        self._open[order.id] = self._of_symbol[order.symbol][order.id] = order

    def _finish(self, order: Tracked, status: Status) -> None:
        order.status, order.held = status, None
        order.query_due_ns = order.cancel_due_ns = order.fetch_due_ns = 0
        self._open.pop(order.id, None)
        self._of_symbol[order.symbol].pop(order.id, None)
        remember(self._closed, order.id, order)


def remember(memory: "OrderedDict[K, V]", key: K, value: V) -> None:
    """Put a value into a bounded memory, dropping the oldest."""
    memory[key] = value
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)

"""Whose orders are whose when lives end and begin, and which of them must go (pure).

`on_crash` says what becomes of the risk-adding orders of a bot that died: `cancel` them, let the
next life `adopt` them within a few seconds, or `leave` them to it. Protective stops stay while the
position is open, whatever is said. `now_ns` is monotonic.
"""

from collections.abc import Callable, Collection, Mapping

from lib.constants import NS_PER_SECOND
from lib.oms.orders import Orders
from lib.oms.tracked import Tracked

ADOPT_NS = 5 * NS_PER_SECOND
FLAT_NS = 1 * NS_PER_SECOND
"""A position must be flat for so long before what protected it goes."""
CANCEL, ADOPT, LEAVE = "cancel", "adopt", "leave"


class Custody:
    """Decides over orders whose life has ended.

    Args:
        policies: Owner -> `on_crash`; an owner that stands not there has no bot any more.
        orders: Belief about all orders.
    """

    def __init__(self, policies: Mapping[str, str], orders: Orders) -> None:
        """Watch nobody."""
        self._policies = dict(policies)
        self._orders = orders
        self._until_ns: dict[str, int] = {}
        self._flat_since_ns: dict[str, int] = {}

    def learn(self, policies: Mapping[str, str]) -> None:
        """Go by other policies from now on."""
        self._policies = dict(policies)

    def start(self, alive: Mapping[str, int], now_ns: int) -> list[Tracked]:
        """Return what former lives left and nobody may keep, when this process begins."""
        found: list[Tracked] = []
        owners = {order.owner for order in self._orders.open_orders()}
        for owner in owners:
            life = alive.get(owner, 0)
            left = [
                order
                for order in self._orders.open_orders(owner)
                # what was found at the exchange waits for the hello of a bot that lives
                if order.incarnation != life and (order.incarnation or not life)
            ]
            found += self._leave(owner, left, now_ns)
        return found

    def ended(self, owner: str, incarnation: int, now_ns: int) -> list[Tracked]:
        """Return what must go when a life has ended."""
        return self._leave(owner, self._orders.ended(owner, incarnation), now_ns)

    def greeted(self, owner: str, incarnation: int, ids: Collection[str]) -> list[Tracked]:
        """Give a new life what it may have; return what must go.

        Args:
            owner: Whose life.
            incarnation: Its number.
            ids: Orders that it holds for its own.
        """
        self._until_ns.pop(owner, None)
        takes_all = self._policies.get(owner, CANCEL) != CANCEL
        unclaimed: list[Tracked] = []
        for order in self._orders.open_orders(owner):
            if order.incarnation == incarnation:
                continue
            if takes_all or order.is_stop or order.id in ids:
                order.incarnation = incarnation
                order.kept = False
            else:
                unclaimed.append(order)
        return unclaimed

    def due(
        self, alive: Mapping[str, int], is_flat: Callable[[str], bool], now_ns: int
    ) -> list[Tracked]:
        """Return what must go by now: what nobody adopted, and stops without a position."""
        found: list[Tracked] = []
        for owner in [owner for owner, until in self._until_ns.items() if now_ns >= until]:
            del self._until_ns[owner]
            found += self._orders.ended(owner, (alive.get(owner) or 1 << 63) - 1)
        return found + self._idle_stops(alive, is_flat, now_ns)

    def _idle_stops(
        self, alive: Mapping[str, int], is_flat: Callable[[str], bool], now_ns: int
    ) -> list[Tracked]:
        stops = [
            order
            for order in self._orders.open_orders()
            if order.is_stop and alive.get(order.owner) != order.incarnation
        ]
        flat = {symbol for symbol in {order.symbol for order in stops} if is_flat(symbol)}
        # a symbol that was left alone meanwhile is waited for anew
        self._flat_since_ns = {symbol: self._flat_since_ns.get(symbol, now_ns) for symbol in flat}
        idle = {
            symbol
            for symbol, since_ns in self._flat_since_ns.items()
            if now_ns - since_ns >= FLAT_NS
        }
        return [order for order in stops if order.symbol in idle]

    def _leave(self, owner: str, orders: list[Tracked], now_ns: int) -> list[Tracked]:
        adding = [order for order in orders if not order.is_stop]
        policy = self._policies.get(owner, CANCEL)
        if policy == CANCEL:
            return adding
        if policy == ADOPT:
            self._until_ns.setdefault(owner, now_ns + ADOPT_NS)
        return []

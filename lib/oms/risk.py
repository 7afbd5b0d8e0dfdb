"""Whether an order keeps within the limits, whatever becomes of all others (pure).

The worst case per side counts: the position and everything that could still add to it, in flight,
of unknown fate or about to be cancelled. An order is checked and followed in one step, so that two
orders cannot both take the last room. Orders that only reduce pass.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from lib.constants import NS_PER_SECOND, Side
from lib.models import ZERO
from lib.oms.limits import Limits, RiskLimits
from lib.oms.orders import Orders
from lib.oms.tracked import Tracked

EVERYONE = "*"


class Quote(NamedTuple):
    """Best prices of one symbol; both 0 while unknown."""

    bid: Decimal
    ask: Decimal

    @property
    def middle(self) -> Decimal:
        """Return the price between both."""
        return (self.bid + self.ask) / 2


NO_QUOTE = Quote(ZERO, ZERO)


class Exposure(NamedTuple):
    """What may be held of one symbol at worst, base quantity."""

    long: Decimal
    short: Decimal
    """As a positive quantity."""


def exposure(position: Iterable[Decimal], orders: Iterable[Tracked]) -> Exposure:
    """Return the worst case of one symbol.

    Args:
        position: Signed quantities that it may be now: one, or several that disagree.
        orders: All orders of the symbol that may still trade.
    """
    held = list(position) or [ZERO]
    buys = sells = ZERO
    for order in orders:
        if not order.reduce_only:
            rest = order.qty - order.filled_qty
            if order.side is Side.BUY:
                buys += rest
            else:
                sells += rest
    return Exposure(max(held) + buys, -min(held) + sells)


class Pace:
    """Counts what was sent within the last second, by owner."""

    def __init__(self) -> None:
        """Have counted nothing."""
        self._sent: dict[str, deque[int]] = defaultdict(deque)

    def note(self, owner: str, now_ns: int) -> None:
        """Count one order of an owner, and of everyone."""
        for name in (owner, EVERYONE):
            self._sent[name].append(now_ns)

    def within(self, owner: str, now_ns: int) -> int:
        """Return how many were counted in the second before now."""
        sent = self._sent[owner]
        while sent and sent[0] <= now_ns - NS_PER_SECOND:
            sent.popleft()
        return len(sent)


class Risk:
    """Judges orders that may add risk.

    Args:
        limits: Of every bot and of the account.
        orders: Belief about all orders.
    """

    def __init__(self, limits: RiskLimits, orders: Orders) -> None:
        """Have judged nothing."""
        self.limits = limits
        self._orders = orders
        self._pace = Pace()

    def check(
        self, order: Tracked, positions: dict[str, list[Decimal]], quotes: dict[str, Quote],
        now_ns: int,
    ) -> str:  # fmt: skip
        """Return why a followed order must not go out, "" when it may; it is then counted.

        Args:
            order: The order, followed already and counted in `orders`.
            positions: Symbol -> signed quantities that may be held now.
            quotes: Symbol -> best prices.
            now_ns: Monotonic time.
        """
        quote = quotes.get(order.symbol, NO_QUOTE)
        mine = self.limits.of(order.owner)
        reason = (
            _too_big(order, quote, mine)
            or _off_band(order, quote, mine)
            or self._too_many(order.owner, mine, now_ns)
            or self._too_exposed(order, positions, quote, mine)
            or self._account(order, positions, quotes, now_ns)
        )
        if not reason:
            self._pace.note(order.owner, now_ns)
        return reason

    def _too_many(self, owner: str, limits: Limits, now_ns: int) -> str:
        scope = None if owner == EVERYONE else owner
        count = sum(1 for _ in self._adding(scope)) if limits.max_open_orders else 0
        if 0 < limits.max_open_orders < count:
            return f"would be open order {count}; max_open_orders is {limits.max_open_orders}"
        sent = self._pace.within(owner, now_ns) + 1
        if 0 < limits.max_orders_per_second < sent:
            return (
                f"would be order {sent} within a second; max_orders_per_second is "
                f"{limits.max_orders_per_second}"
            )
        return ""

    def _too_exposed(
        self, order: Tracked, positions: dict[str, list[Decimal]], quote: Quote, limits: Limits
    ) -> str:
        worst = self._worst(order.symbol, order.side, positions)
        price = quote.middle or order.price
        if 0 < limits.max_position_qty < worst:
            return f"position could be {worst}; max_position_qty is {limits.max_position_qty}"
        if 0 < limits.max_position_usd < worst * price:
            return (
                f"position could be worth {worst * price:.2f}; max_position_usd is "
                f"{limits.max_position_usd}"
            )
        return ""

    def _account(
        self,
        order: Tracked,
        positions: dict[str, list[Decimal]],
        quotes: dict[str, Quote],
        now_ns: int,
    ) -> str:
        limits, quote = self.limits.account, quotes.get(order.symbol, NO_QUOTE)
        reason = _too_big(order, quote, limits) or self._too_many(EVERYONE, limits, now_ns)
        if not reason and limits.max_position_qty:
            reason = self._too_exposed(order, positions, quote, limits)
        if not reason and limits.max_position_usd:
            reason = self._too_much_together(positions, quotes)
        return f"account: {reason}" if reason else ""

    def _too_much_together(
        self, positions: dict[str, list[Decimal]], quotes: dict[str, Quote]
    ) -> str:
        twice = ZERO
        for symbol, sides in self._sides(positions).items():
            worst = max(sides)
            if worst > 0:
                quote = quotes.get(symbol, NO_QUOTE)
                twice += worst * ((quote.bid + quote.ask) or 2 * self._highest(symbol))
        total = twice / 2
        limit = self.limits.account.max_position_usd
        if total > limit:
            return f"all positions could be worth {total:.2f}; max_position_usd is {limit}"
        return ""

    def _sides(self, positions: dict[str, list[Decimal]]) -> dict[str, list[Decimal]]:
        # Symbol -> [long, short]: `exposure` of all symbols in one pass, since orders wait for it
        found = {
            symbol: [held[0], -held[0]]
            if len(held) == 1
            else [max(held, default=ZERO), -min(held, default=ZERO)]
            for symbol, held in positions.items()
        }
        for order in self._orders.open_orders():
            if not order.reduce_only:
                sides = found.get(order.symbol)
                if sides is None:
                    sides = found[order.symbol] = [ZERO, ZERO]
                rest = order.qty - order.filled_qty if order.filled_qty else order.qty
                sides[order.side is Side.SELL] += rest
        return found

    def _highest(self, symbol: str) -> Decimal:
        return max((order.price for order in self._of_symbol(symbol)), default=ZERO)

    def _worst(self, symbol: str, side: Side, positions: dict[str, list[Decimal]]) -> Decimal:
        both = exposure(positions.get(symbol, ()), self._of_symbol(symbol))
        return both.long if side is Side.BUY else both.short

    def _of_symbol(self, symbol: str) -> Iterable[Tracked]:
        return self._orders.open_of(symbol)

    def _adding(self, owner: str | None) -> Iterator[Tracked]:
        return (order for order in self._orders.open_orders(owner) if not order.is_stop)


def _too_big(order: Tracked, quote: Quote, limits: Limits) -> str:
    if 0 < limits.max_order_qty < order.qty:
        return f"quantity {order.qty} is above max_order_qty {limits.max_order_qty}"
    near = quote.ask if order.side is Side.BUY else quote.bid
    notional = order.qty * (order.price or near)
    if limits.max_order_usd and not notional:
        return "no price is known to value it by"
    if 0 < limits.max_order_usd < notional:
        return f"notional {notional:.2f} is above max_order_usd {limits.max_order_usd}"
    return ""


def _off_band(order: Tracked, quote: Quote, limits: Limits) -> str:
    if not order.price or order.conditional or not limits.price_band or not quote.middle:
        return ""
    distance = abs(order.price - quote.middle) / quote.middle
    if distance > limits.price_band:
        return (
            f"price {order.price} is {distance:.1%} off the book; price_band is {limits.price_band}"
        )
    return ""

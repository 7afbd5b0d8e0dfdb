"""Brings positions to zero: cancels, reads, sells or buys what is left, until nothing is."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_SECOND, Side
from lib.errors import ExchangeError
from lib.exchange.binance.authority import Authority
from lib.helpers import plain, round_down
from lib.logger import AbstractLogger
from lib.models import Rules
from lib.oms.ids import ClientIds, split_owner
from lib.timer import AbstractTimer

STEP_SECONDS = 0.05
CANCEL_SECONDS = 5.0
"""How long closing waits for open orders: to prove that one is gone can take a minute."""
APART_SECONDS = 1.0
"""Between the two reads that must agree."""
MOST_PARTS = 20
"""Orders in one round; what is left goes in the next one."""


class Remainder(NamedTuple):
    """What could not be brought to an end."""

    positions: dict[str, str]
    """Symbol -> signed quantity; unread ones are `unknown`."""
    orders: list[str]


class Flatten:
    """Flattens some owners, whose latches are closed already.

    Args:
        authority: Orders, positions, gateway.
        project: Name of the run, for order ids.
        timer: The process's timer.
        log: The worker's logger.
    """

    def __init__(
        self, authority: Authority, project: str, timer: AbstractTimer, log: AbstractLogger
    ) -> None:
        """Have done nothing."""
        self._authority = authority
        self._orders = authority.orders
        self._project = project
        self._timer = timer
        self._log = log

    async def run(self, owners: Iterable[str], seconds: float) -> Remainder:
        """Flatten within `seconds`; return what is left."""
        wanted = {split_owner(owner)[1]: owner for owner in owners}
        end_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)
        left: dict[str, str] = dict.fromkeys(wanted, "unknown")
        while self._timer.Monotonic() < end_ns:
            cancelled = await self._cancel(wanted.values(), end_ns)
            sure = await self._positions(wanted)
            left = {
                symbol: plain(sure[symbol]) if symbol in sure else "unknown"
                for symbol in wanted
                if sure.get(symbol) != 0
            }
            if cancelled and not left:
                break
            for symbol, qty in sure.items():
                if qty:
                    await self._close(wanted[symbol], symbol, qty)
            await self._timer.SleepAsync(STEP_SECONDS)
        open_ids = [
            order.id for owner in wanted.values() for order in self._orders.open_orders(owner)
        ]
        return Remainder(left, open_ids)

    async def _cancel(self, owners: Iterable[str], end_ns: int) -> bool:
        """Cancel for a while; return whether nothing is open any more."""
        # Stops, too: resting reduce-only orders can block a closing one.
        names = list(owners)
        now_ns = self._timer.Monotonic()
        # half of what is left: however short the time is, some of it is for closing
        end_ns = now_ns + min(round(CANCEL_SECONDS * NS_PER_SECOND), (end_ns - now_ns) // 2)
        while self._timer.Monotonic() < end_ns:
            left = [order for owner in names for order in self._orders.open_orders(owner)]
            if not left:
                return True
            self._authority.cancel(left)
            await self._timer.SleepAsync(STEP_SECONDS)
        return False

    async def _positions(self, symbols: Iterable[str]) -> dict[str, Decimal]:
        """Return the positions that two reads agree on."""
        try:
            first = await self._read()
            await self._timer.SleepAsync(APART_SECONDS)
            second = await self._read()
        except ExchangeError as error:
            self._log.warning("positions not read", error=str(error))
            return {}
        zero = Decimal(0)
        return {
            symbol: second.get(symbol, zero)
            for symbol in symbols
            if first.get(symbol, zero) == second.get(symbol, zero)
        }

    async def _read(self) -> dict[str, Decimal]:
        return {row.symbol: row.qty for row in await self._authority.gateway.positions()}

    async def _close(self, owner: str, symbol: str, qty: Decimal) -> None:
        ids = ClientIds(self._project, owner, self._orders.highest_id(owner))
        for part in _parts(abs(qty), self._authority.belief.rules[symbol]):
            intent = OrderIntent(
                id=ids.next(self._timer.Timestamp()),
                symbol=symbol,
                side=(Side.SELL if qty > 0 else Side.BUY).value,
                qty=plain(part),
                price="",
                stop=False,
                post_only=False,
                reduce_only=True,
                tag="flatten",
                market_ns=0,
            )
            life = self._authority.lives.alive(owner) or 0
            await self._authority.posting.close_position(owner, life, intent)


def _parts(qty: Decimal, rules: Rules) -> list[Decimal]:
    """Return quantities that one MARKET order each may have."""
    parts: list[Decimal] = []
    most = rules.market_max_qty or qty
    while qty > 0 and len(parts) < MOST_PARTS:
        part = round_down(min(qty, most), rules.step)
        if not part:
            break
        parts.append(part)
        qty -= part
    return parts

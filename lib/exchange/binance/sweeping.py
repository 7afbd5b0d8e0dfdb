"""Reads the account's trades again, from where the last complete reading ended.

What the account stream did not tell, and what happened while nobody listened, is booked from here.
Only a sweep that came to its end, with every order known or proven foreign, moves the mark; live
fills never do.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.errors import ExchangeError
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.gateway import TRADES_PER_PAGE, BinanceGateway
from lib.exchange.binance.shared import Shared
from lib.exchange.binance.strangers import Strangers
from lib.journal.abstract_journal import Journal
from lib.logger import AbstractLogger
from lib.oms.events import Fill, OrderReport
from lib.oms.ids import made_ns
from lib.oms.rows import SWEPT, fact
from lib.timer import AbstractTimer

BACK_NS = 3_600 * NS_PER_SECOND
"""How far a first sweep looks back: before that, no order of this journal was there."""
WINDOW_NS = 6 * 86_400 * NS_PER_SECOND
"""How far back a start may be: from a start the exchange tells of seven days, and of no more."""
AGAIN_NS = (2_000 * NS_PER_MS, 60_000 * NS_PER_MS)
"""A sweep is repeated after these times: reads lag behind."""
REMEMBERED_NS = 12 * 3_600 * NS_PER_SECOND
"""Every order that is younger is known: half of the time for which ended ones are kept."""
REFRESH_NS = 300 * NS_PER_SECOND
"""Between two sweeps when nothing else asks for one."""
STEP_SECONDS = 0.1


class Sweeping:
    """Sweeps symbols, one sweep per symbol at a time.

    Args:
        belief: Orders, lives, hearing and rules.
        desk: Books what was found.
        gateway: The exchange.
        strangers: Tells whose trades are not ours.
        journal: Keeps the marks.
        facts: The journal's facts.
        timer: The process's timer.
        log: The worker's logger.
    """

    def __init__(
        self,
        belief: Belief,
        desk: OrderDesk,
        gateway: BinanceGateway,
        strangers: Strangers,
        journal: Journal,
        facts: Mapping[str, Any],
        timer: AbstractTimer,
        log: AbstractLogger,
    ) -> None:
        """Go on from the journal's marks."""
        self._orders = belief.orders
        self._rules = belief.rules
        self._desk = desk
        self._gateway = gateway
        self._strangers = strangers
        self._journal = journal
        self._timer = timer
        self._log = log
        self._since_ns = 0
        self._marks: dict[str, int] = {
            name.removeprefix(SWEPT): int(value)
            for name, value in facts.items()
            if name.startswith(SWEPT)
        }
        self._foreign: set[tuple[str, int]] = set()
        self._shared: Shared[bool] = Shared()
        self._due: dict[str, list[int]] = {}
        self._refresh_ns = timer.Monotonic() + REFRESH_NS
        self.unclear: set[str] = set()
        """Symbols with a trade of which nobody can say yet whose it was."""
        self.found = 0
        """Fills that only a sweep has brought."""

    def schedule(self, symbols: Iterable[str]) -> None:
        """Have symbols swept after a while, and once more later."""
        now_ns = self._timer.Monotonic()
        for symbol in symbols:
            self._due[symbol] = [now_ns + wait_ns for wait_ns in AGAIN_NS]

    async def sweep_all(self, symbols: Iterable[str]) -> bool:
        """Sweep symbols now, and again after a while; return whether all is accounted for."""
        wanted = list(symbols)
        self.schedule(wanted)
        return all([await self.sweep(symbol) for symbol in wanted])

    async def keep(self) -> None:
        """Sweep what is due, for ever."""
        while True:
            now_ns = self._timer.Monotonic()
            if now_ns >= self._refresh_ns:
                self._refresh(now_ns)
            for symbol, times in list(self._due.items()):
                if times and times[0] <= now_ns:
                    times.pop(0)
                    if not await self.sweep(symbol):
                        times.insert(0, self._timer.Monotonic() + AGAIN_NS[0])
            await self._timer.SleepAsync(STEP_SECONDS)

    def _refresh(self, now_ns: int) -> None:
        # what came after the marks is read at the next start, and known again until then
        self._refresh_ns = now_ns + REFRESH_NS
        for symbol in self._orders.symbols() & self._rules.keys():
            self._due[symbol] = self._due.get(symbol) or [now_ns]

    async def sweep(self, symbol: str) -> bool:
        """Read a symbol's trades to the end; return whether nothing was left in doubt."""
        try:
            return await self._shared.get(symbol, lambda: self._sweep(symbol))
        except ExchangeError as error:
            self._log.debug("trades not read", symbol=symbol, error=str(error))
            return False

    async def _sweep(self, symbol: str) -> bool:
        mark = self._marks.get(symbol)
        newest = mark
        while True:
            rows = await self._page(symbol, newest)
            for fill in rows:
                if not await self._take(fill):
                    self.unclear.add(symbol)
                    return False
            if rows:
                newest = max(fill.trade_id for fill in rows)
            if len(rows) < TRADES_PER_PAGE:
                break
        if newest is not None and newest != mark:
            self._marks[symbol] = newest
            self._journal.put([fact(f"{SWEPT}{symbol}", newest)])
        self.unclear.discard(symbol)
        # what lies before the mark is not read again
        self._foreign = {place for place in self._foreign if place[0] != symbol}
        return True

    async def _page(self, symbol: str, newest: int | None) -> list[Fill]:
        if newest is not None:
            return await self._gateway.user_trades(symbol, from_id=newest + 1)
        now_ns = self._gateway.now_ns()
        self._since_ns = max(self._since_ns or now_ns - BACK_NS, now_ns - WINDOW_NS)
        return await self._gateway.user_trades(symbol, start_ns=self._since_ns)

    def _is_strange(self, report: OrderReport) -> bool:
        if self._orders.owner_of(report.id) is None:
            return True
        # what is older may have been ours, and forgotten
        is_young = self._gateway.now_ns() - made_ns(report.id) < REMEMBERED_NS
        return is_young and self._strangers.is_strange(report)

    async def _take(self, fill: Fill) -> bool:
        """Book one trade; return False when nobody can say yet whose order it was."""
        place = (fill.symbol, fill.exchange_id)
        if place in self._foreign:
            return True
        order = self._orders.by_exchange_id(*place)
        if order is None:
            report = await self._gateway.find(*place)
            if report is None:
                return False
            if self._is_strange(report):
                self._foreign.add(place)
                return True
            self._desk.learn(report)
            order = self._orders.by_exchange_id(*place)
        if order is not None and self._desk.book(order.id, fill):
            self.found += 1
            self._log.info("fill found by a sweep", id=order.id, trade=fill.trade_id)
        return True

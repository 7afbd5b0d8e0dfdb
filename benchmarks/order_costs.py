"""What the journal and the risk checks of one order cost, each alone in this process."""

import asyncio
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from lib.bus.protocol import OrderIntent
from lib.constants import OrderType, Side, Status
from lib.journal.writer import JournalWriter
from lib.oms.account import AccountBook
from lib.oms.events import OrderReport
from lib.oms.ids import ClientIds, check_prefixes
from lib.oms.limits import RiskLimits
from lib.oms.orders import Orders
from lib.oms.risk import Quote, Risk
from lib.oms.rows import row_of
from lib.oms.tracked import Tracked

NO_COUNT = {"max_open_orders": 0, "max_orders_per_second": 0}
RESTING = 2
"""Open orders of each symbol."""


class Desk:
    """The belief of an exchange worker with some symbols, each with resting orders.

    Args:
        symbols: Whose.
    """

    def __init__(self, symbols: list[str]) -> None:
        """Have the resting orders acknowledged."""
        owners = [f"bot:{symbol}" for symbol in symbols]
        self.orders = Orders(check_prefixes("bench", owners))
        self.risk = Risk(RiskLimits({**NO_COUNT, "account": NO_COUNT}), self.orders)
        self.book = AccountBook("bench", symbols)
        self.quotes = {symbol: Quote(Decimal(100), Decimal("100.1")) for symbol in symbols}
        self._ids = {owner: ClientIds("bench", owner) for owner in owners}
        for owner in owners:
            for _ in range(RESTING):
                self._rest(self.accept(owner))

    def accept(self, owner: str) -> Tracked:
        """Follow a new order."""
        client_id = self._ids[owner].next(time.time_ns())
        symbol = owner.partition(":")[2]
        intent = OrderIntent(
            client_id, symbol, "BUY", "1", "98", stop=False, post_only=True, reduce_only=False,
            tag="", market_ns=0,
        )  # fmt: skip
        return self.orders.accept(owner, 1, intent, time.time_ns())

    def _rest(self, order: Tracked) -> None:
        report = OrderReport(
            order.id, order.symbol, 1, Side.BUY, OrderType.LIMIT, Status.NEW, order.price,
            order.qty, Decimal(0), reduce_only=False, event_ns=order.sent_ns,
        )  # fmt: skip
        self.orders.on_report(report, order.sent_ns)


def measure_risk(symbols: list[str], count: int) -> list[float]:
    """Return what following and checking one order took each time, µs."""
    desk = Desk(symbols)
    owner = f"bot:{symbols[0]}"
    found = []
    for _ in range(count):
        begun_ns = time.perf_counter_ns()
        order = desk.accept(owner)
        positions = {symbol: desk.book.possible(symbol) for symbol in symbols}
        refused = desk.risk.check(order, positions, desk.quotes, time.monotonic_ns())
        found.append((time.perf_counter_ns() - begun_ns) / 1e3)
        desk.orders.end(order.id, Status.NOT_SENT, refused, time.time_ns())
    return found


async def measure_journal(
    symbols: list[str], count: int, pause: float
) -> tuple[list[float], list[float]]:
    """Return what one commit took each time, and what the way there and back took alone, µs."""
    desk = Desk(symbols)
    owner = f"bot:{symbols[0]}"
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory(prefix="tvb-") as folder:
        journal = JournalWriter(Path(folder), time.time_ns, loop.call_soon_threadsafe)
        journal.open()
        found, empty = [], []
        for _ in range(count):
            row = row_of(desk.accept(owner))
            begun_ns = time.perf_counter_ns()
            await journal.commit([row])
            found.append((time.perf_counter_ns() - begun_ns) / 1e3)
            await asyncio.sleep(pause)
            begun_ns = time.perf_counter_ns()
            await journal.commit([])
            empty.append((time.perf_counter_ns() - begun_ns) / 1e3)
            await asyncio.sleep(pause)
        journal.close()
    return found, empty

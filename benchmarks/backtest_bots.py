"""The strategies of the backtest benchmark, each as short as its job allows."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from benchmarks.backtest_peers.rules import LIMIT, LOT, OFF, QTY, TICK, WIDTH
from bot.abstract_bot import AbstractBot
from lib.constants import Side, Status
from lib.factory import AbstractFactory
from lib.models import ZERO, Update
from lib.timer import AbstractTimer


class ReaderBot(AbstractBot):
    """Reads and compares prices; trades nothing."""

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Have seen no price."""
        super().__init__(config, factory, timer)
        self.highest = self.lowest = ZERO
        self.rises = 0
        self._ask = ZERO

    def onOrderbook(
        self,
        askPrice: Decimal,
        askQty: Decimal,
        bidPrice: Decimal,
        bidQty: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        """Compare prices and quantities with the last ones."""
        if askPrice > self._ask and bidQty > askQty:
            self.rises += 1
        if bidPrice > self.highest:
            self.highest = bidPrice
        self._ask = askPrice

    def Clean(self) -> None:
        """Leave nothing behind."""


class MakerBot(AbstractBot):
    """The market maker of `benchmarks.backtest_peers.rules`."""

    tick = Decimal(TICK)
    width, off = WIDTH * tick, OFF * tick
    qty, limit = QTY * Decimal(LOT), LIMIT * Decimal(LOT)

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Have no order."""
        super().__init__(config, factory, timer)
        self.ids = {Side.BUY: "", Side.SELL: ""}
        self.prices = {Side.BUY: ZERO, Side.SELL: Decimal("Infinity")}
        self.held = ZERO
        self.last = (ZERO, ZERO)

    def onOrderbook(
        self,
        askPrice: Decimal,
        askQty: Decimal,
        bidPrice: Decimal,
        bidQty: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        """Decide at a quote."""
        # A quote that fills an order comes before the news of it.
        if askPrice <= self.prices[Side.BUY] or bidPrice >= self.prices[Side.SELL]:
            return
        if (bidPrice, askPrice) == self.last:
            return
        self.last = (bidPrice, askPrice)
        middle = (bidPrice + askPrice) / 2
        bid = (middle - self.width).quantize(self.tick, ROUND_FLOOR)
        ask = (middle + self.width).quantize(self.tick, ROUND_CEILING)
        self._decide(Side.BUY, bid, self.qty)
        self._decide(Side.SELL, ask, -self.qty)

    def _decide(self, side: Side, price: Decimal, qty: Decimal) -> None:
        if not self.ids[side]:
            if abs(self.held + qty) <= self.limit:
                self.ids[side] = self.exchange.Post(qty, price, post_only=True)
                self.prices[side] = price
        elif abs(price - self.prices[side]) >= self.off:
            self.exchange.Cancel(self.ids[side])

    def onOrder(self, update: Update) -> None:
        """Note fills, and forget orders that are done."""
        side = update.side
        if update.fill_qty:
            self.held += update.fill_qty if side is Side.BUY else -update.fill_qty
        if update.status.is_final:
            self.ids[side] = ""
            self.prices[side] = ZERO if side is Side.BUY else Decimal("Infinity")
        if update.status is Status.REJECTED:
            raise AssertionError(update.reason)

    def Clean(self) -> None:
        """Leave no order behind."""
        self.exchange.Cancel()

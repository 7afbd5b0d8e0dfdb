"""The strategies of the backtest benchmark, each as short as its job allows."""

from decimal import Decimal
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.factory import AbstractFactory
from lib.models import ZERO
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

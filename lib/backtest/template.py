"""The texts of a new bot (pure)."""

import keyword
import re

from lib.errors import ConfigError

BOT = '''"""@name@: holds one unit while the price is above its average of the last minutes."""

from collections import deque
from decimal import Decimal
from typing import Any

from bot import AbstractBot
from lib.factory import AbstractFactory
from lib.models import ZERO, Update
from lib.timer import AbstractTimer


class @name@(AbstractBot):
    """Its own config keys: `qty` (base quantity), `minutes` (length of the average)."""

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Read the config."""
        super().__init__(config, factory, timer)
        self.qty = max(Decimal(str(config.get("qty", 0))), self.exchange.getMinQty())
        self.closes: deque[Decimal] = deque(maxlen=int(config.get("minutes", 5)))
        self.position = ZERO
        self.open_id = ""

    def onCandle(
        self,
        open: Decimal,
        high: Decimal,
        low: Decimal,
        close: Decimal,
        volume: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        finished: bool,
    ) -> None:
        """Decide once a minute."""
        if symbol != self.symbol or not finished:
            return
        self.closes.append(close)
        average = sum(self.closes, ZERO) / len(self.closes)
        wanted = self.qty if close > average else ZERO
        if wanted != self.position and not self.open_id and self.exchange.isOnline():
            change = wanted - self.position
            self.open_id = self.exchange.Post(change, reduce_only=wanted == ZERO)

    def onAccount(
        self, price: Decimal, qty: Decimal, symbol: str, exchange: str, timestamp: int
    ) -> None:
        """Note the position."""
        if symbol == self.symbol:
            self.position = qty

    def onOrder(self, update: Update) -> None:
        """Note when the order is done."""
        if update.id == self.open_id and update.status.is_final:
            self.open_id = ""
            self.logger.info("order done", status=update.status, price=update.average_price)

    def Clean(self) -> None:
        """Leave no order behind."""
        self.exchange.Cancel()
'''

CONFIG = """project: @project@

venue:                           # the embedded exchange: no key, no network
  feed: synthetic
  seed: 1

stream: {channels: [book, trade, candle]}

bots:
  - name: @project@
    bot: @module@.py:@name@
    symbols: [BTCUSDT]
    qty: 0.002                   # the bot's own keys
    minutes: 5
"""

TEST = '''"""@name@ in a short backtest."""

from pathlib import Path

from lib.backtest.backtest import run_backtest
from lib.backtest.settings import load_settings


def test_it_trades_and_leaves_no_order_behind() -> None:
    settings = load_settings([Path(__file__).with_name("@module@.yaml")], end="15m")

    outcome = run_backtest(settings)

    assert outcome.summary["complete"], outcome.trace
    assert outcome.summary["total"]["fills"] > 0
    assert outcome.summary["total"]["open"] == 0
'''


def module_name(name: str) -> str:
    """Return the module of a bot's name: `MeanReversion` -> `mean_reversion`.

    Raises:
        ConfigError: It cannot name a module.
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).replace("-", "_").lower()
    if not words.isidentifier() or not words.isascii() or keyword.iskeyword(words):
        raise ConfigError(f"{name!r} cannot name a bot; use letters, digits and _")
    return words


def class_name(module: str) -> str:
    """Return the class of a module's name: `mean_reversion` -> `MeanReversion`."""
    return "".join(word.capitalize() for word in module.split("_"))

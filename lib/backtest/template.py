"""The texts of a new bot (pure)."""

import keyword
import re

from lib.errors import ConfigError

BOT = '''"""@name@: holds `qty` while the price is above its average of the last seconds."""

from collections import deque
from decimal import Decimal
from typing import Any

from bot import AbstractBot
from lib.factory import AbstractFactory
from lib.models import ZERO, Update
from lib.timer import AbstractTimer


class @name@(AbstractBot):
    """Its own config keys: `qty` (base quantity), `seconds` (length of the average)."""

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Read the config."""
        super().__init__(config, factory, timer)
        self.qty = max(Decimal(str(config.get("qty", 0))), self.exchange.getMinQty())
        self.prices: deque[Decimal] = deque(maxlen=int(config.get("seconds", 30)))
        self.price = self.position = ZERO
        self.order = ""

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
        """Note the middle price."""
        if symbol == self.symbol:
            self.price = (askPrice + bidPrice) / 2

    def onTime(self, timestamp: int) -> None:
        """Decide once a second; with an order under way, wait for it."""
        if not self.price:
            return
        self.prices.append(self.price)
        if self.order or not self.exchange.isOnline():
            return
        average = sum(self.prices, ZERO) / len(self.prices)
        wanted = self.qty if self.price > average else ZERO
        if wanted != self.position:
            self.order = self.exchange.Post(wanted - self.position, reduce_only=not wanted)

    def onAccount(
        self, price: Decimal, qty: Decimal, symbol: str, exchange: str, timestamp: int
    ) -> None:
        """Note the position."""
        if symbol == self.symbol:
            self.position = qty

    def onOrder(self, update: Update) -> None:
        """Note when the order is done."""
        if update.id == self.order and update.status.is_final:
            self.order = ""
            self.logger.info(
                update.status, side=update.side, qty=update.filled_qty, price=update.average_price
            )

    def Clean(self) -> None:
        """Leave no order behind."""
        self.exchange.Cancel()
'''

CONFIG = """# The embedded exchange: no key, no network.
#   supervisor backtest @folder@/@module@.yaml
#   supervisor start @folder@/@module@.yaml
project: @project@

venue:
  feed: synthetic
  seed: 1

bots:
  - name: @project@
    bot: @module@.py:@name@
    symbols: [BTCUSDT]
    qty: "0.002"                 # the bot's own keys; quoted, so that it stays exact
    seconds: 30
"""

TEST = '''"""@name@ in a short backtest."""

from pathlib import Path

from lib.backtest.backtest import run_backtest
from lib.backtest.settings import load_settings


def test_it_trades_and_leaves_no_order_behind() -> None:
    settings = load_settings([Path(__file__).with_name("@module@.yaml")], end="2m")

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

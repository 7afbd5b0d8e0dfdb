"""What a bot is: handlers that are called one at a time, and `Clean`."""

from abc import ABC, abstractmethod
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from lib.constants import Side
from lib.database.abstract_database import AbstractDatabase
from lib.factory import AbstractFactory
from lib.models import Update
from lib.timer import AbstractTimer


class BotHost(Protocol):
    """The process around a bot, as far as a bot may ask anything of it."""

    def restart(self, target: str, reason: str) -> None:
        """Ask for the restart of a worker, by name or kind; empty = of this bot."""

    def send(self, target: str, message: str) -> None:
        """Have a message brought to other bots."""


class AbstractBot(ABC):
    """Base of every bot: override the handlers you need, and `Clean`.

    Handlers are plain methods, called one after the other from the process's one loop: none is
    called while another runs, so that a bot needs no lock. While a handler runs, the newest data
    waits; a handler that never returns is taken for hung, and the bot is restarted. An exception
    is logged, and restarts the bot (`on_error: continue` in its config: it goes on instead).

    Before the first market event the account is synchronised: `onAccount` and `onOrder` have told
    the position and what former lives left behind.

    Prices and quantities are `Decimal`, times and latencies `int` ns (times since the epoch, UTC).

    Args:
        config: The bot's section of the config, merged for its symbol; `symbol`, `exchange`.
        factory: Which class plays which role.
        timer: The process's timer; the only way to read a clock.
    """

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Make logger, state and exchange; call it first in a constructor of your own."""
        self.config = config
        self.factory = factory
        self.timer = timer
        self.symbol: str = config["symbol"]
        self.logger = factory.Logger(config, factory, timer)
        self.state = factory.State(config, factory, timer)
        self.exchange = factory.Exchange(config, factory, timer)
        self.host: BotHost | None = None
        """Set by the process once the bot is made."""

    @cached_property
    def database(self) -> AbstractDatabase:
        """Return the database; it is connected at the first use only."""
        return self.factory.Database(self.config, self.factory, self.timer)

    @property
    def note(self) -> str:
        """Return one line that tells a human what the bot is doing, for `supervisor status`."""
        return ""

    def restart(self, reason: str, target: str = "") -> None:
        """Ask for a restart: of this bot, or of a worker such as `stream` ("no new data").

        The supervisor decides, within the worker's restart budget.
        """
        if self.host is None:
            self.logger.warning("cannot be restarted here", reason=reason, target=target)
        else:
            self.host.restart(target, reason)

    def send(self, target: str, message: str) -> None:
        """Send a message to other bots of the run; it comes by their `onMessage`.

        At most once, soon, and only to bots that are ready. Anything with more structure than text
        travels as JSON.

        Args:
            target: A bot's name (all its symbols), `name:SYMBOL`, or a pattern like `*`.
            message: The text.
        """
        if self.host is None:
            self.logger.warning("cannot send here", target=target)
        else:
            self.host.send(target, message)

    # The handlers do nothing unless a bot wants to; only `Clean` is required.

    def onTime(self, timestamp: int) -> None:  # noqa: B027
        """Be called every second."""

    def onOrderbook(  # noqa: B027
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
        """Get the newest best levels; a bot that falls behind skips to the newest ones.

        Args:
            askPrice: Best ask.
            askQty: Base quantity there.
            bidPrice: Best bid.
            bidQty: Base quantity there.
            symbol: Own or watched symbol.
            exchange: Name of the exchange.
            timestamp: Exchange's time of the event.
            latency: From the exchange's event to this call.
        """

    def onTrade(  # noqa: B027
        self,
        price: Decimal,
        qty: Decimal,
        side: Side,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        """Get one (aggregated) trade; `side` is the aggressor's."""

    def onCandle(  # noqa: B027
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
        """Get a closed 1-minute candle that began at `timestamp`; `volume` in base quantity.

        With `candles: live` in the config also the growing one, `finished` being False.
        """

    def onAccount(  # noqa: B027
        self, price: Decimal, qty: Decimal, symbol: str, exchange: str, timestamp: int
    ) -> None:
        """Get entry price and signed position, once at the start and at every change."""

    def onOrder(self, update: Update) -> None:  # noqa: B027
        """Get every change of an own order's state, and every fill exactly once."""

    def onStatus(self, component: str, healthy: bool, reason: str) -> None:  # noqa: B027
        """Be told that a component failed or recovered.

        `online` stands for all that must be well before risk is added, as `isOnline` tells it.
        """

    def onMessage(self, sender: str, message: str) -> None:  # noqa: B027
        """Get a message.

        Args:
            sender: `operator`, or the bot that sent it (`name:SYMBOL`).
            message: Its text; JSON where the two have agreed on that.
        """

    @abstractmethod
    def Clean(self) -> None:
        """Tidy up, within two seconds: called once, at every kind of exit.

        Cancels that are asked for here are seen through after it returns.
        """

"""What a bot, a worker or a backtest may ask of an exchange."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lib.models import Order, Update
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory


class AbstractExchange(ABC):
    """All operations for the one product named by `config["symbol"]`.

    Dictionary keys are `lib.constants.KEY`; prices, quantities and money are `Decimal`, times
    integer ns since the epoch.

    Args:
        config: The bot's merged config; `symbol`, and `exchange` naming the section with
            `rest_url` and `ws_url`.
        factory: Gives vault, logger, …
        timer: The process's timer.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Keep the three things that every constructor gets."""
        self.config = config
        self.factory = factory
        self.timer = timer

    @abstractmethod
    def isOnline(self) -> bool:
        """Return False near any rate limit, in trouble, or while the data is stale."""

    @abstractmethod
    def getBook(self) -> dict[str, Any]:
        """Return the newest best levels.

        Keys: ASK_PRICE, ASK_QTY, BID_PRICE, BID_QTY (base quantity), TIMESTAMP (exchange's).

        Raises:
            ExchangeUnavailable: No book has been seen yet.
        """

    @abstractmethod
    def getBalance(self) -> dict[str, Any]:
        """Return the margin asset's balance.

        Keys: ASSET, BALANCE (wallet), AVAILABLE, TIMESTAMP.

        Raises:
            ExchangeUnavailable: The account is not synchronised.
        """

    @abstractmethod
    def getPositions(self) -> list[dict[str, Any]]:
        """Return the product's open positions, [] when flat.

        Keys of each: SYMBOL, QTY (signed base quantity), PRICE (entry), UNREALIZED (quote),
        TIMESTAMP.

        Raises:
            ExchangeUnavailable: The account is not synchronised.
        """

    @abstractmethod
    def getTick(self) -> Decimal:
        """Return the smallest price step."""

    @abstractmethod
    def getMinQty(self) -> Decimal:
        """Return the smallest order quantity, base."""

    @abstractmethod
    def getCandles(self, start_timestamp: int, end_timestamp: int) -> dict[str, deque[Any]]:
        """Return finished and open 1-minute candles that start in [start, end).

        Returns:
            Keys TIMESTAMP (start of the minute, ns), OPEN, HIGH, LOW, CLOSE, VOLUME: each a deque
            whose maxlen is the number of minutes between the two times; gaps stay visible.

        Raises:
            ExchangeUnavailable: The exchange did not answer.
        """

    @abstractmethod
    def open_orders(self) -> list[Update]:
        """Return the newest known state of every own order that is not final, oldest first.

        Orders that are on their way and orders of unknown fate are among them.
        """

    @abstractmethod
    def Post(
        self,
        qty: Decimal,
        price: Decimal | None = None,
        stopmarket: bool = False,
        wait: bool = False,
        *,
        post_only: bool = False,
        reduce_only: bool = False,
        tag: str = "",
    ) -> str:
        """Place one order and return its client order id.

        MARKET without `price`, LIMIT with it, a conditional MARKET order at trigger `price` with
        `stopmarket`. Quantities are rounded down to the step, buy prices down and sell prices up
        to the tick. With `wait=False` it returns before anything is sent, and every outcome comes
        by `onOrder`.

        Args:
            qty: Signed base quantity: positive buys, negative sells.
            price: Limit or trigger price.
            stopmarket: Conditional MARKET order.
            wait: Return only after the exchange's reply.
            post_only: Refused instead of executed when it would take.
            reduce_only: May only shrink the position.
            tag: A word of the bot's own.

        Raises:
            OrderRejected: Below the product's minimum, or (with `wait`) refused.
            OrderUnknown: With `wait`: nobody knows yet.
            ExchangeUnavailable: With `wait`: not sent.
        """

    @abstractmethod
    def PostList(self, orders: list[Order]) -> list[str]:
        """Place several orders in batches; return their ids in the same order.

        Each refusal comes by `onOrder`.

        Raises:
            OrderRejected: One is below the product's minimum; nothing is sent then.
        """

    @abstractmethod
    def Cancel(self, ids: str | Iterable[str] | None = None) -> None:
        """Cancel one order, several, or (None) all orders of this bot, regular and conditional.

        A cancel is a standing wish: it is repeated until each order is final.
        """

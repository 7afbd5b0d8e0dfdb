"""The contract over the matching core in this process, on virtual time."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from lib.backtest.desk import Desk
from lib.constants import KEY, NS_PER_MINUTE, Status
from lib.errors import ExchangeUnavailable, OrderRejected
from lib.exchange.abstract_exchange import AbstractExchange
from lib.models import ZERO, Order, Update

CANDLE_KEYS = (KEY.TIMESTAMP, KEY.OPEN, KEY.HIGH, KEY.LOW, KEY.CLOSE, KEY.VOLUME)


class BacktestExchange(AbstractExchange):
    """What a bot sees; use `BacktestExchange.bound_to(desk)` as the class to construct."""

    desk: Desk

    @classmethod
    def bound_to(cls, desk: Desk) -> "type[BacktestExchange]":
        """Return the class whose objects belong to `desk`."""
        return type(cls.__name__, (cls,), {"desk": desk, "__module__": cls.__module__})

    def isOnline(self) -> bool:
        """Return False while new risk should not be added; `trouble` says why."""
        return not self.desk.trouble()

    def trouble(self) -> str:
        """Return why the exchange is not online, empty when it is."""
        return self.desk.trouble()

    def getBook(self) -> dict[str, Any]:
        """Return the newest best levels."""
        quote = self.desk.seen.quote
        if quote is None:
            raise ExchangeUnavailable(f"{self.desk.market.symbol}: no book yet")
        return {
            KEY.ASK_PRICE: quote.ask,
            KEY.ASK_QTY: quote.ask_qty,
            KEY.BID_PRICE: quote.bid,
            KEY.BID_QTY: quote.bid_qty,
            KEY.TIMESTAMP: quote.time_ns,
        }

    def getBalance(self) -> dict[str, Any]:
        """Return the margin asset's balance."""
        asset = self.desk.market.rules.quote_asset
        balance, time_ns = self.desk.wire.wallet()
        return {
            KEY.ASSET: asset,
            KEY.BALANCE: balance,
            KEY.AVAILABLE: self.desk.wire.available(asset),
            KEY.TIMESTAMP: time_ns,
        }

    def getPositions(self) -> list[dict[str, Any]]:
        """Return the product's position as the bot was last told, [] when flat."""
        price, qty, time_ns = self.desk.position
        if not qty:
            return []
        mark = self.desk.market.mark
        return [
            {
                KEY.SYMBOL: self.desk.market.symbol,
                KEY.QTY: qty,
                KEY.PRICE: price,
                KEY.UNREALIZED: (mark - price) * qty if mark else ZERO,
                KEY.TIMESTAMP: time_ns,
            }
        ]

    def getTick(self) -> Decimal:
        """Return the smallest price step."""
        return self.desk.market.rules.tick

    def getMinQty(self) -> Decimal:
        """Return the smallest order quantity, base."""
        return self.desk.market.rules.min_qty

    def getCandles(self, start_timestamp: int, end_timestamp: int) -> dict[str, deque[Any]]:
        """Return the 1-minute candles that start in [start, end), as far as they are known."""
        minutes = max(0, -((start_timestamp - end_timestamp) // NS_PER_MINUTE))
        columns: dict[str, deque[Any]] = {key: deque(maxlen=minutes) for key in CANDLE_KEYS}
        for row in self.desk.market.minutes.between(start_timestamp, end_timestamp):
            for key, value in zip(CANDLE_KEYS, row, strict=True):
                columns[key].append(value)
        return columns

    def open_orders(self) -> list[Update]:
        """Return the newest state of every own order that is not final, oldest first."""
        return self.desk.open_orders()

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
        """Place one order and return its client order id; see `AbstractExchange.Post`."""
        (order,) = self.desk.post([Order(qty, price, stopmarket, post_only, reduce_only, tag)])
        if wait:
            self.desk.wire.wait_reply(order)
            if order.status is Status.REJECTED:
                raise OrderRejected(f"{order.id}: {order.reason}", order.code)
        return order.id

    def PostList(self, orders: list[Order]) -> list[str]:
        """Place several orders with one request; see `AbstractExchange.PostList`."""
        return [order.id for order in self.desk.post(orders)]

    def Cancel(self, ids: str | Iterable[str] | None = None) -> None:
        """Wish one, several, or (None) all own orders gone, until each is final."""
        self.desk.cancel([ids] if isinstance(ids, str) else ids)

"""An exchange in memory that outlives its bots: it takes orders, fills them, and tells later."""

import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.clp.volatility import Candle
from lib.constants import KEY, NS_PER_MINUTE, OrderType, Side, Status
from lib.errors import ExchangeUnavailable, OrderRejected
from lib.exchange import AbstractExchange
from lib.helpers import side_of
from lib.models import ZERO, Order, Update

SYMBOL = "BTCUSDT"
TICK = Decimal("0.1")
MIN_QTY = Decimal("0.001")
MAKER = Decimal("0.0002")
TAKER = Decimal("0.0005")

Event = Update | tuple[Decimal, Decimal, int]


class PaperVenue:
    """The truth: orders, position and cash, and what was asked for, in order.

    With `is_slow`, cancels wait until `work`; `events` wait for the rig to hand them to the bot.
    """

    def __init__(self) -> None:
        self.bid = Decimal("49999.9")
        self.ask = Decimal("50000.1")
        self.now_ns = 0
        self.is_online = True
        self.is_slow = False
        self.polls_until_work = 0
        """How often open orders are to be asked for before slow cancels are executed; 0 = never."""
        self.tells_orders_first = False
        """An order's news come before the account's."""
        self.is_reachable = True
        self.refusal = ""
        self.rejects = Status.NEW
        self.candles: list[Candle] = []
        self.asked: list[tuple[int, int]] = []
        self.orders: dict[str, Update] = {}
        self.types: dict[str, tuple[bool, str]] = {}
        """Id -> (post_only, tag)."""
        self.position = ZERO
        self.entry = ZERO
        self.cash = ZERO
        self.fees = ZERO
        self.requests: list[tuple[str, list[str]]] = []
        """("post" | "cancel", ids), one row per call; Cancel() without ids is ("cancel", ["*"])."""
        self.events: deque[Event] = deque()
        self.cancelling: set[str] = set()
        self._numbers = itertools.count(1)
        self._trades = itertools.count(1)

    # --- from the bot

    def place(self, order: Order) -> str:
        if self.refusal:
            raise OrderRejected(self.refusal)
        client_id = f"order {next(self._numbers)}"
        kind = OrderType.MARKET if order.price is None else OrderType.LIMIT
        if order.stopmarket:
            kind = OrderType.STOP_MARKET
        update = Update(
            client_id, SYMBOL, side_of(order.qty), kind, self.rejects, order.price or ZERO,
            abs(order.qty), ZERO, ZERO, order.reduce_only, "", self.now_ns,
        )  # fmt: skip
        self.types[client_id] = (order.post_only, order.tag)
        self._tell(update)
        if kind is OrderType.MARKET and not update.status.is_final:
            price = self.ask if update.side is Side.BUY else self.bid
            self.fill(client_id, price=price, maker=False)
        return client_id

    def cancel(self, ids: Iterable[str]) -> None:
        self.cancelling |= {each for each in ids if not self.orders[each].status.is_final}
        if not self.is_slow:
            self.work()

    # --- from the market

    def work(self) -> None:
        """Execute the cancels that wait."""
        for client_id in sorted(self.cancelling):
            order = self.orders[client_id]
            if not order.status.is_final:
                self._tell(replace(order, status=Status.CANCELED))
        self.cancelling.clear()

    def move(self, mid: Decimal, spread: Decimal = Decimal("0.2")) -> None:
        """Set the book, and fill what it runs over."""
        self.bid, self.ask = mid - spread / 2, mid + spread / 2
        for order in self.open_orders():
            if order.type is not OrderType.LIMIT:
                continue
            is_buy = order.side is Side.BUY
            if order.price >= self.ask if is_buy else order.price <= self.bid:
                self.fill(order.id)

    def fill(
        self,
        client_id: str,
        qty: Decimal | None = None,
        price: Decimal | None = None,
        *,
        maker: bool = True,
    ) -> None:
        """Execute an order, wholly or in part."""
        order = self.orders[client_id]
        price = order.price if price is None else price
        left = order.qty - order.filled_qty
        qty = left if qty is None else qty
        if order.reduce_only:
            room = self.position if order.side is Side.SELL else -self.position
            qty = min(qty, max(ZERO, room))
            if not qty:
                self._tell(replace(order, status=Status.EXPIRED))
                return
        signed = qty if order.side is Side.BUY else -qty
        fee = qty * price * (MAKER if maker else TAKER)
        self.take(signed, price, fee)
        filled = order.filled_qty + qty
        is_over = filled == order.qty or order.reduce_only
        status = Status.FILLED if is_over else Status.PARTIALLY_FILLED
        changes: dict[str, Any] = {
            "status": status, "filled_qty": filled, "fill_qty": qty, "fill_price": price,
            "fee": fee, "fee_asset": "USDT", "maker": maker, "trade_id": next(self._trades),
            "timestamp": self.now_ns,
        }  # fmt: skip
        self._tell(replace(order, **changes))
        if self.tells_orders_first:
            self.events[-1], self.events[-2] = self.events[-2], self.events[-1]

    def take(self, signed: Decimal, price: Decimal, fee: Decimal = ZERO) -> None:
        """Change the position, whoever has traded."""
        before, after = self.position, self.position + signed
        if not after:
            self.entry = ZERO
        elif before * after <= 0:
            self.entry = price
        elif abs(after) > abs(before):
            self.entry = (self.entry * before + price * signed) / after
        self.position = after
        self.cash -= signed * price + fee
        self.fees += fee
        self.events.append((self.entry, self.position, self.now_ns))

    # --- to look at

    def open_orders(self) -> list[Update]:
        return [order for order in self.orders.values() if not order.status.is_final]

    def quotes(self, side: Side | None = None) -> list[Update]:
        """Return open orders that add risk."""
        return [
            order
            for order in self.open_orders()
            if not order.reduce_only and side in (None, order.side)
        ]

    def of_type(self, kind: OrderType) -> list[Update]:
        return [order for order in self.orders.values() if order.type is kind]

    def worst(self, side: Side) -> Decimal:
        """Return the quantity that the position may come to on a side."""
        sign = 1 if side is Side.BUY else -1
        left = (order.qty - order.filled_qty for order in self.quotes(side))
        return sum(left, sign * self.position)

    def _tell(self, update: Update) -> None:
        self.orders[update.id] = replace(update, fill_qty=ZERO, fill_price=ZERO, fee=ZERO)
        self.events.append(update)


class PaperExchange(AbstractExchange):
    """One bot life's access to a venue."""

    venue: PaperVenue

    @classmethod
    def at(cls, venue: PaperVenue) -> "type[PaperExchange]":
        return type(cls.__name__, (cls,), {"venue": venue})

    def isOnline(self) -> bool:
        return self.venue.is_online

    def getBook(self) -> dict[str, Any]:
        return {KEY.ASK_PRICE: self.venue.ask, KEY.BID_PRICE: self.venue.bid}

    def getBalance(self) -> dict[str, Any]:
        return {KEY.BALANCE: self.venue.cash}

    def getPositions(self) -> list[dict[str, Any]]:
        if not self.venue.is_reachable:
            raise ExchangeUnavailable("not reachable")
        if not self.venue.position:
            return []
        row = {KEY.SYMBOL: SYMBOL, KEY.QTY: self.venue.position, KEY.PRICE: self.venue.entry}
        return [row]

    def getTick(self) -> Decimal:
        return TICK

    def getMinQty(self) -> Decimal:
        return MIN_QTY

    def getCandles(self, start_timestamp: int, end_timestamp: int) -> dict[str, deque[Any]]:
        self.venue.asked.append((start_timestamp, end_timestamp))
        if not self.venue.is_reachable:
            raise ExchangeUnavailable("not reachable")
        found = [
            candle
            for candle in self.venue.candles
            if start_timestamp <= candle.start_ns < end_timestamp
        ]
        return {
            KEY.TIMESTAMP: deque(candle.start_ns for candle in found),
            KEY.OPEN: deque(candle.close for candle in found),
            KEY.HIGH: deque(candle.high for candle in found),
            KEY.LOW: deque(candle.low for candle in found),
            KEY.CLOSE: deque(candle.close for candle in found),
            KEY.VOLUME: deque(ZERO for _ in found),
        }

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
        order = Order(qty, price, stopmarket, post_only, reduce_only, tag)
        client_id = self.venue.place(order)
        self.venue.requests.append(("post", [client_id]))
        return client_id

    def PostList(self, orders: list[Order]) -> list[str]:
        ids = [self.venue.place(order) for order in orders]
        self.venue.requests.append(("post", ids))
        return ids

    def Cancel(self, ids: str | Iterable[str] | None = None) -> None:
        if ids is None:
            self.venue.requests.append(("cancel", ["*"]))
            self.venue.cancel(order.id for order in self.venue.open_orders())
            return
        names = [ids] if isinstance(ids, str) else list(ids)
        self.venue.requests.append(("cancel", names))
        self.venue.cancel(names)

    def open_orders(self) -> list[Update]:
        if self.venue.polls_until_work:
            self.venue.polls_until_work -= 1
            if not self.venue.polls_until_work:
                self.venue.work()
        return self.venue.open_orders()


def make_candles(end_ns: int, count: int, price: Decimal, reach: Decimal) -> list[Candle]:
    """Return quiet minutes before `end_ns`: each closes at `price` and reaches `reach` in all."""
    first_ns = end_ns // NS_PER_MINUTE * NS_PER_MINUTE - count * NS_PER_MINUTE
    return [
        Candle(first_ns + number * NS_PER_MINUTE, price + reach / 2, price - reach / 2, price)
        for number in range(count)
    ]

"""The exchange as a bot sees it: its methods talk to the exchange worker over the bus."""

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Protocol

from lib.bus.protocol import Account, Balance, Method, OrderIntent
from lib.constants import KEY, NS_PER_MINUTE, Side, Status
from lib.errors import ExchangeUnavailable, OrderRejected, OrderUnknown
from lib.exchange.abstract_exchange import AbstractExchange
from lib.exchange.bus_desk import POST_SECONDS, Desk
from lib.exchange.preparing import prepare
from lib.helpers import decimal, plain
from lib.models import ZERO, Order, Rules, Update

FIRST_ANSWER_SECONDS = 10.0
"""For what a bot asks in its constructor, before the account is synchronised."""
QUESTION_SECONDS = 10.0
CANDLE_KEYS = (KEY.TIMESTAMP, KEY.OPEN, KEY.HIGH, KEY.LOW, KEY.CLOSE, KEY.VOLUME)


class BusHost(Protocol):
    """What a `BusExchange` needs of the process around it."""

    desk: Desk

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Take messages in, and keep the heart beating, until `done()`; return its last value.

        No handler is called meanwhile. Ends early when the process is told to stop.
        """

    def refresh(self) -> None:
        """Take in what has arrived, calling no handler."""


class BusExchange(AbstractExchange):
    """The contract, over the bus; use `BusExchange.bound_to(host)` as the class to construct."""

    host: BusHost

    @classmethod
    def bound_to(cls, host: BusHost) -> "type[BusExchange]":
        """Return the class whose objects belong to `host`."""
        return type(cls.__name__, (cls,), {"host": host, "__module__": cls.__module__})

    @property
    def rules(self) -> Rules:
        """Return the product's trading rules.

        Raises:
            ExchangeUnavailable: The exchange worker has not answered yet.
        """
        rules = self.host.desk.rules
        if rules is None:
            self.host.wait(lambda: self.host.desk.rules is not None, FIRST_ANSWER_SECONDS)
            rules = self.host.desk.rules
        if rules is None:
            raise ExchangeUnavailable("the exchange worker has not answered yet")
        return rules

    def isOnline(self) -> bool:
        """Return False while new risk should not be added; `trouble` says why."""
        return not self.trouble()

    def trouble(self) -> str:
        """Return why the exchange is not online, empty when it is."""
        return self.host.desk.trouble(self.timer.Monotonic())

    def getBook(self) -> dict[str, Any]:
        """Return the newest book that the stream brought, else what the exchange worker knows."""
        book = self.host.desk.book
        if book is not None:
            values: list[Any] = [*book[1:5], book.event_ns]
        else:
            values = self._answer(Method.BOOK, [])
        keys = (KEY.ASK_PRICE, KEY.ASK_QTY, KEY.BID_PRICE, KEY.BID_QTY)
        result: dict[str, Any] = dict(zip(keys, map(decimal, values), strict=False))
        result[KEY.TIMESTAMP] = values[len(keys)]
        return result

    def getBalance(self) -> dict[str, Any]:
        """Return the margin asset's balance as last published."""
        self._need_account()
        balance = self.host.desk.balances.get(self.rules.quote_asset)
        if balance is None:
            balance = Balance(*self._answer(Method.BALANCE, []))
        return {
            KEY.ASSET: balance.asset,
            KEY.BALANCE: decimal(balance.balance),
            KEY.AVAILABLE: decimal(balance.available),
            KEY.TIMESTAMP: balance.event_ns,
        }

    def getPositions(self) -> list[dict[str, Any]]:
        """Return the product's position as last published, [] when flat."""
        self._need_account()
        position = self.host.desk.position
        return [_position_row(position)] if position and decimal(position.qty) else []

    def getTick(self) -> Decimal:
        """Return the smallest price step."""
        return self.rules.tick

    def getMinQty(self) -> Decimal:
        """Return the smallest order quantity, base."""
        return self.rules.min_qty

    def getCandles(self, start_timestamp: int, end_timestamp: int) -> dict[str, deque[Any]]:
        """Ask the exchange worker for 1-minute candles that start in [start, end)."""
        (rows,) = self._answer(Method.CANDLES, [start_timestamp, end_timestamp])
        minutes = max(0, -((start_timestamp - end_timestamp) // NS_PER_MINUTE))
        columns: dict[str, deque[Any]] = {key: deque(maxlen=minutes) for key in CANDLE_KEYS}
        for open_ns, *numbers in rows:
            columns[KEY.TIMESTAMP].append(open_ns)
            for key, number in zip(CANDLE_KEYS[1:], numbers, strict=False):
                columns[key].append(decimal(number))
        return columns

    def open_orders(self) -> list[Update]:
        """Return the newest state of every own order that is not final, oldest first."""
        self.host.refresh()
        return self.host.desk.orders.open_orders()

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
        order = Order(qty, price, stopmarket, post_only, reduce_only, tag)
        update = self._make(order)
        request_id = self._send([update], [order])
        if wait:
            desk = self.host.desk
            self.host.wait(lambda: not desk.is_waiting(request_id), POST_SECONDS + 1)
            if desk.is_waiting(request_id):
                raise OrderUnknown(f"{update.id}: told to stop while waiting for the reply")
            self._raise_for(update.id)
        return update.id

    def PostList(self, orders: list[Order]) -> list[str]:
        """Place several orders with one request; see `AbstractExchange.PostList`."""
        updates = [self._make(order) for order in orders]
        if updates:
            self._send(updates, orders)
        return [update.id for update in updates]

    def Cancel(self, ids: str | Iterable[str] | None = None) -> None:
        """Wish one, several, or (None) all own orders gone, until each is final."""
        if ids is not None:
            ids = [ids] if isinstance(ids, str) else list(ids)
        self.host.desk.cancel(ids, self.timer.Monotonic())

    def _make(self, order: Order) -> Update:
        """Return an order as it will be sent: rounded, checked, with its id."""
        rules = self.rules
        side, kind, qty, price = prepare(rules, order, self._market_price)
        now_ns = self.timer.Timestamp()
        return Update(
            id=self.host.desk.ids.next(now_ns),
            symbol=rules.symbol,
            side=side,
            type=kind,
            status=Status.PENDING,
            price=price,
            qty=qty,
            filled_qty=ZERO,
            average_price=ZERO,
            reduce_only=order.reduce_only,
            reason="",
            timestamp=now_ns,
        )

    def _send(self, updates: list[Update], orders: list[Order]) -> bytes:
        desk = self.host.desk
        intents = [
            OrderIntent(
                id=update.id,
                symbol=update.symbol,
                side=update.side.value,
                qty=plain(update.qty),
                price=plain(update.price) if order.price is not None else "",
                stop=order.stopmarket,
                post_only=order.post_only,
                reduce_only=order.reduce_only,
                tag=order.tag,
                market_ns=desk.market_ns,
            )
            for update, order in zip(updates, orders, strict=True)
        ]
        return desk.post(updates, intents, self.timer.Monotonic())

    def _raise_for(self, client_id: str) -> None:
        desk = self.host.desk
        order = desk.orders.get(client_id)
        status = order.status if order else Status.UNKNOWN
        reason = order.reason if order else ""
        if status in (Status.NOT_SENT, Status.NOT_PLACED):
            raise ExchangeUnavailable(f"{client_id}: {reason}")
        if status is Status.REJECTED:
            raise OrderRejected(f"{client_id}: {reason}", desk.codes.get(client_id, 0))
        if status is Status.UNKNOWN:
            raise OrderUnknown(f"{client_id}: {reason}")

    def _market_price(self, side: Side) -> Decimal:
        book = self.host.desk.book
        if book is None:
            return ZERO
        return decimal(book.ask_price if side is Side.BUY else book.bid_price)

    def _need_account(self) -> None:
        desk = self.host.desk
        if desk.rules is None:
            self.host.wait(lambda: desk.synced, FIRST_ANSWER_SECONDS)
        else:
            self.host.refresh()
        if not desk.synced:
            raise ExchangeUnavailable("the account is not synchronised")

    def _answer(self, method: str, args: list[Any]) -> list[Any]:
        desk = self.host.desk
        request_id = desk.ask(method, args, self.timer.Monotonic(), QUESTION_SECONDS)
        if request_id is None:
            raise ExchangeUnavailable("no exchange worker to ask")
        self.host.wait(lambda: not desk.is_waiting(request_id), QUESTION_SECONDS + 1)
        values = desk.answers.pop(request_id, None)
        if values is None:
            raise ExchangeUnavailable(f"the exchange worker did not answer {method}")
        return values


def _position_row(position: Account) -> dict[str, Any]:
    return {
        KEY.SYMBOL: position.symbol,
        KEY.QTY: decimal(position.qty),
        KEY.PRICE: decimal(position.price),
        KEY.UNREALIZED: decimal(position.unrealized),
        KEY.TIMESTAMP: position.event_ns,
    }

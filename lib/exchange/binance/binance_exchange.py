"""Binance USD-M futures for a script that trades one product without a supervisor.

Bots under a supervisor never use it: their exchange is `lib.exchange.bus_exchange`, and the keys
stay in the exchange worker. The order logic is the same.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal
from typing import Any, TypeVar

from lib.bus.protocol import OrderIntent, OrderUpdate, ReplyStatus
from lib.constants import KEY, NS_PER_MINUTE, NS_PER_SECOND, Side
from lib.errors import ExchangeUnavailable, OrderRejected, OrderUnknown
from lib.exchange.abstract_exchange import AbstractExchange
from lib.exchange.binance.admission import Ticket
from lib.exchange.binance.authority import Authority, Ears
from lib.exchange.binance.loop_thread import LoopThread
from lib.exchange.bus_orders import to_update
from lib.exchange.credentials import resolve_keys
from lib.exchange.preparing import prepare
from lib.exchange.replies import Outcome
from lib.factory import AbstractFactory
from lib.helpers import decimal, plain
from lib.models import ZERO, Order, Rules, Update
from lib.oms.ids import ClientIds, prefix_of
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

T = TypeVar("T")
LIFE = 1
"""A script has one life: nobody fences it."""
OPEN_SECONDS = 30.0
READ_SECONDS = 15.0
POST_SECONDS = 15.0
CANDLE_KEYS = (KEY.TIMESTAMP, KEY.OPEN, KEY.HIGH, KEY.LOW, KEY.CLOSE, KEY.VOLUME)


class BinanceFuturesExchange(AbstractExchange):
    """The contract over REST and the account stream, in a thread of its own.

    The constructor returns when the account is synchronised. Call `close` at the end. Only one
    process may trade a symbol under the same `project` and `name`.

    Args:
        config: `symbol`; `exchange`, naming the section with `rest_url` and `ws_url` (and `key`,
            `secret`, unless the factory's vault has them); `project` and `name` for order ids.
        factory: Gives vault and logger.
        timer: The process's timer.

    Raises:
        ConfigError: Keys, symbol or the account's mode are not as they must be.
        ExchangeUnavailable: The exchange did not answer within half a minute.
    """

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Connect and read the account."""
        super().__init__(config, factory, timer)
        self.symbol: str = config[KEY.SYMBOL]
        name: str = config[KEY.EXCHANGE]
        section = {**config.get(name, {}), KEY.NAME: name, "symbols": [self.symbol]}
        keyed = resolve_keys(section, config, factory, timer)
        project = str(config.get(KEY.PROJECT, "script"))
        self._owner = f"{config.get(KEY.NAME, 'script')}:{self.symbol}"
        self._ids = ClientIds(project, self._owner)
        self.on_order: Callable[[Update], None] = lambda _update: None
        """Told every change of own orders, from the exchange's own thread."""
        self._loop = LoopThread(f"exchange {self.symbol}")
        try:
            prefixes = {prefix_of(project, self._owner): self._owner}
            self._authority = self._call(self._make(keyed, prefixes), READ_SECONDS)
            self._call(self._authority.open(), OPEN_SECONDS)
        except BaseException:
            self._loop.stop()
            raise
        self._ids.stay_above(self._authority.orders.highest_id(self._owner))

    @property
    def rules(self) -> Rules:
        """Return the product's trading rules."""
        return self._authority.belief.rules[self.symbol]

    def close(self) -> None:
        """Cancel all own orders but protective stops, and disconnect."""
        self._call(self._leave(), self._authority.orders.proof.grace_seconds)
        self._loop.stop()

    def isOnline(self) -> bool:
        """Return False near any rate limit, or while the account is not known for sure."""
        return not self._call(self._ask(self._authority.trouble), READ_SECONDS)

    def getBook(self) -> dict[str, Any]:
        """Ask for the best levels; see `AbstractExchange.getBook`."""
        book = self._call(self._authority.gateway.book(self.symbol), READ_SECONDS)
        return {
            KEY.ASK_PRICE: decimal(book.ask_price),
            KEY.ASK_QTY: decimal(book.ask_qty),
            KEY.BID_PRICE: decimal(book.bid_price),
            KEY.BID_QTY: decimal(book.bid_qty),
            KEY.TIMESTAMP: book.event_ns,
        }

    def getBalance(self) -> dict[str, Any]:
        """Return the margin asset's balance; see `AbstractExchange.getBalance`."""
        asset = self.rules.quote_asset
        found = self._call(self._ask(lambda: self._authority.book.balance(asset)), READ_SECONDS)
        if found is None:
            raise ExchangeUnavailable(f"no balance of {asset} known")
        return {
            KEY.ASSET: found.asset,
            KEY.BALANCE: decimal(found.balance),
            KEY.AVAILABLE: decimal(found.available),
            KEY.TIMESTAMP: found.event_ns,
        }

    def getPositions(self) -> list[dict[str, Any]]:
        """Return the product's position, [] when flat; see `AbstractExchange.getPositions`."""
        found = self._call(
            self._ask(lambda: self._authority.book.position(self.symbol)), READ_SECONDS
        )
        if not decimal(found.qty):
            return []
        return [
            {
                KEY.SYMBOL: found.symbol,
                KEY.QTY: decimal(found.qty),
                KEY.PRICE: decimal(found.price),
                KEY.UNREALIZED: decimal(found.unrealized),
                KEY.TIMESTAMP: found.event_ns,
            }
        ]

    def getTick(self) -> Decimal:
        """Return the smallest price step."""
        return self.rules.tick

    def getMinQty(self) -> Decimal:
        """Return the smallest order quantity, base."""
        return self.rules.min_qty

    def getCandles(self, start_timestamp: int, end_timestamp: int) -> dict[str, deque[Any]]:
        """Return 1-minute candles that start in [start, end); see the contract."""
        gateway = self._authority.gateway
        rows = self._call(
            gateway.candles(self.symbol, start_timestamp, end_timestamp), READ_SECONDS * 4
        )
        minutes = max(0, -((start_timestamp - end_timestamp) // NS_PER_MINUTE))
        columns: dict[str, deque[Any]] = {key: deque(maxlen=minutes) for key in CANDLE_KEYS}
        for open_ns, *numbers in rows:
            columns[KEY.TIMESTAMP].append(open_ns)
            for key, number in zip(CANDLE_KEYS[1:], numbers, strict=True):
                columns[key].append(decimal(number))
        return columns

    def open_orders(self) -> list[Update]:
        """Return the newest state of every own order that is not final, oldest first."""
        own = self._call(self._ask(lambda: self._own(None)), READ_SECONDS)
        return [to_update(order.update()) for order in own]

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
        intent = self._intent(Order(qty, price, stopmarket, post_only, reduce_only, tag))
        if wait:
            (outcome,) = self._call(self._place([intent]), POST_SECONDS)
            _raise_for(outcome)
        else:
            self._call(self._start([intent]), READ_SECONDS)
        return intent.id

    def PostList(self, orders: list[Order]) -> list[str]:
        """Place several orders in batches; see `AbstractExchange.PostList`."""
        intents = [self._intent(order) for order in orders]
        if intents:
            self._call(self._start(intents), READ_SECONDS)
        return [intent.id for intent in intents]

    def Cancel(self, ids: str | Iterable[str] | None = None) -> None:
        """Cancel one, several, or (None) all own orders, until each is final."""
        wanted = None if ids is None else {ids} if isinstance(ids, str) else set(ids)
        self._call(self._ask(lambda: self._authority.cancel(self._own(wanted))), READ_SECONDS)

    # --- inside; coroutines run in the loop's thread

    def _call(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        return self._loop.call(work, seconds)

    async def _make(self, config: dict[str, Any], prefixes: dict[str, str]) -> Authority:
        log = self.factory.Logger(self.config, self.factory, self.timer)
        ears = Ears(self._tell, lambda _change: None, lambda _owner: "")
        authority = Authority(
            config, prefixes, self.factory, self.timer, log, self._loop.spawn, ears
        )
        authority.lives.update([[f"bot:{self._owner}", LIFE, "ready"]])
        return authority

    async def _ask(self, question: Callable[[], T]) -> T:
        return question()

    async def _start(self, intents: list[OrderIntent]) -> None:
        self._loop.spawn(self._place(intents), "post")

    async def _place(self, intents: list[OrderIntent]) -> list[Outcome]:
        deadline_ns = self.timer.Monotonic() + round(POST_SECONDS * NS_PER_SECOND)
        ticket = Ticket(self._owner, LIFE, deadline_ns)
        return await self._authority.posting.post(ticket, intents)

    async def _leave(self) -> None:
        await self._authority.closing().cancel_all(self._authority.orders.proof.end_seconds)
        await self._authority.close()

    def _own(self, wanted: set[str] | None) -> list[Tracked]:
        return [
            order
            for order in self._authority.orders.open_orders(self._owner)
            if wanted is None or order.id in wanted
        ]

    def _tell(self, update: OrderUpdate) -> None:
        self.on_order(to_update(update))

    def _intent(self, order: Order) -> OrderIntent:
        rules = self.rules
        side, _, qty, price = prepare(rules, order, lambda _: ZERO)
        return OrderIntent(
            id=self._ids.next(self.timer.Timestamp()),
            symbol=self.symbol,
            side=Side(side).value,
            qty=plain(qty),
            price=plain(price) if order.price is not None else "",
            stop=order.stopmarket,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            tag=order.tag,
            market_ns=0,
        )


def _raise_for(outcome: Outcome) -> None:
    match outcome.status:
        case ReplyStatus.OK:
            return
        case ReplyStatus.REJECTED:
            raise OrderRejected(outcome.message, outcome.code)
        case ReplyStatus.UNKNOWN:
            raise OrderUnknown(outcome.message, outcome.code)
        case _:
            raise ExchangeUnavailable(outcome.message, outcome.code)

"""A bot that trades a lot and in every way, so that a drill has something to break."""

from decimal import Decimal
from random import Random
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.constants import NS_PER_SECOND, OrderType, Side
from lib.errors import ExchangeError
from lib.factory import AbstractFactory
from lib.helpers import round_up
from lib.models import ZERO, Order, Update
from lib.timer import AbstractTimer

MAX_OPEN = 4
CROWDED = 9
"""Orders, asked for and not over, from which on none is added: refusals would pause the bot."""
TOUCH = Decimal("0.00002")
"""Least distance of quotes from the mid, as a fraction: close enough to be hit often."""
STEPS = (1, 1, 10, 40)
"""How many times as far a quote may be: the far ones rest until they are cancelled."""
STOP_DISTANCE = Decimal("0.0004")
GREED = 40
"""How many ordinary orders a greedy one is worth: more than any limit allows."""
GREEDY_SECONDS = 4
UNITS = 3
"""Position, in ordinary orders, from which only reducing ones are sent."""


class DrillBot(AbstractBot):
    """Quotes, takes, sends batches, stops and cancels at random; its position stays small.

    Config: `period` seconds between two actions (0.3), `notional` of one order in the quote asset
    (120), `greedy` whether an order beyond every limit is tried now and then (false).
    """

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Read the config."""
        super().__init__(config, factory, timer)
        self._period_ns = round(float(config.get("period", 0.3)) * NS_PER_SECOND)
        self._notional = Decimal(str(config.get("notional", 120)))
        self._greedy = bool(config.get("greedy", False))
        self._step = self.exchange.getMinQty()
        self._random = Random(f"{self.symbol}:{timer.Timestamp()}")
        self._mine: set[str] = set()
        self._open: dict[str, Update] = {}
        self._leaving: set[str] = set()
        self._position = ZERO
        self._due_ns = 0
        self._greedy_ns = timer.Monotonic()
        self._mid = ZERO
        self._orders = 0
        self._fills = 0
        self._actions = (
            (0.24, self._quote),
            (0.56, self._batch),
            (0.70, self._take),
            (0.82, self._market),
            (0.90, self._stop),
            (1.00, self._cancel_one),
        )

    @property
    def note(self) -> str:
        """Return what has been done."""
        return f"{self._orders} orders, {self._fills} fills, position {self._position}"

    def onOrderbook(self, *args: Any, **kwargs: Any) -> None:
        """Note the price, and do the next thing when it is time."""
        ask_price, _, bid_price, _, symbol, *_ = args
        if symbol == self.symbol:
            self._mid = (ask_price + bid_price) / 2
            self._go_on()

    def onTrade(self, *args: Any, **kwargs: Any) -> None:
        """Do the next thing when it is time."""
        if args[3] == self.symbol and self._mid:
            self._go_on()

    def onAccount(self, *args: Any, **kwargs: Any) -> None:
        """Note the position."""
        _, qty, symbol, *_ = args
        if symbol == self.symbol:
            self._position = qty

    def onOrder(self, update: Update) -> None:
        """Note what is open."""
        self._fills += bool(update.fill_qty)
        if update.status.is_final:
            self._mine.discard(update.id)
            self._open.pop(update.id, None)
            self._leaving.discard(update.id)
        elif update.id in self._mine:
            # what a former life has left is not touched: others must see to it
            self._open[update.id] = update

    def Clean(self) -> None:
        """Cancel everything."""
        self.exchange.Cancel()

    def _go_on(self) -> None:
        now_ns = self.timer.Monotonic()
        if now_ns < self._due_ns or not self.exchange.isOnline():
            return
        self._due_ns = now_ns + self._period_ns
        try:
            self._act(now_ns)
        except ExchangeError as error:
            self.logger.warning("refused", reason=str(error))

    def _act(self, now_ns: int) -> None:
        if self._greedy and now_ns - self._greedy_ns > GREEDY_SECONDS * NS_PER_SECOND:
            self._greedy_ns = now_ns
            self._post(GREED * self._qty(), self._price(Side.BUY))
        elif abs(self._position) > UNITS * self._qty():
            self._post(-self._position, None, reduce_only=True)
        elif len(self._mine) > CROWDED:
            self._cancel_oldest()
        else:
            if len(self._open) > MAX_OPEN:
                self._cancel_oldest()
            draw = self._random.random()
            next(action for limit, action in self._actions if draw <= limit)()

    def _quote(self) -> None:
        side = self._side()
        self._post(self._signed(side), self._price(side), post_only=True)

    def _batch(self) -> None:
        orders = [
            Order(self._signed(side), self._price(side), post_only=True)
            for side in (Side.BUY, Side.SELL)
        ]
        ids = self.exchange.PostList(orders)
        self._mine.update(ids)
        self._orders += len(ids)

    def _take(self) -> None:
        side = self._side()
        away = 1 + 5 * TOUCH if side is Side.BUY else 1 - 5 * TOUCH
        self._post(self._signed(side), self._mid * away)

    def _market(self) -> None:
        self._post(self._signed(self._side()), None)

    def _stop(self) -> None:
        held = [one.id for one in self._open.values() if one.type is OrderType.STOP_MARKET]
        if held:
            self.exchange.Cancel(held)
        elif self._position:
            away = 1 - STOP_DISTANCE if self._position > 0 else 1 + STOP_DISTANCE
            self._post(-self._position, self._mid * away, stopmarket=True, reduce_only=True)

    def _cancel_one(self) -> None:
        if self._open:
            self.exchange.Cancel(self._random.choice(list(self._open)))
        else:
            self._quote()

    def _cancel_oldest(self) -> None:
        oldest = [client_id for client_id in self._open if client_id not in self._leaving][:2]
        self._leaving.update(oldest)
        if oldest:
            self.exchange.Cancel(oldest)

    def _post(self, qty: Decimal, price: Decimal | None, **kwargs: Any) -> None:
        self._mine.add(self.exchange.Post(qty, price, **kwargs))
        self._orders += 1

    def _qty(self) -> Decimal:
        return max(self._step, round_up(self._notional / self._mid, self._step))

    def _side(self) -> Side:
        # a position pulls to the other side, so that it stays small
        lean = self._position / self._qty() / UNITS if self._position else ZERO
        return Side.SELL if Decimal(str(self._random.random())) < (1 + lean) / 2 else Side.BUY

    def _signed(self, side: Side) -> Decimal:
        return self._qty() if side is Side.BUY else -self._qty()

    def _price(self, side: Side) -> Decimal:
        away = TOUCH * self._random.choice(STEPS)
        return self._mid * (1 - away if side is Side.BUY else 1 + away)

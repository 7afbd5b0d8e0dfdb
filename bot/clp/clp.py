"""The continuous liquidity provider: connects the handlers with the rules of this package."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from bot.abstract_bot import AbstractBot
from bot.clp.conditions.catalogue import make_condition
from bot.clp.config import ClpConfig
from bot.clp.desk import Desk
from bot.clp.exposure import Exposure
from bot.clp.fees import fee_of
from bot.clp.level import Level
from bot.clp.liquidation import Liquidation, Progress
from bot.clp.pauses import Change, Pauses
from bot.clp.position import Position
from bot.clp.profit import Profit
from bot.clp.quoting import Quoting, Touch
from bot.clp.reconcile import Reconcile
from bot.clp.records import pause_record, quote_record, summary_record
from bot.clp.state import ClpState, Mode, resume
from bot.clp.trailing_stop import TrailingStop
from bot.clp.view import View
from bot.clp.volatility import Candle, Volatility
from lib.async_ejector import FieldsAsyncEjector
from lib.constants import KEY, NS_PER_SECOND, Side
from lib.errors import ExchangeError, ExchangeUnavailable
from lib.factory import AbstractFactory
from lib.models import ZERO, Update
from lib.timer import AbstractTimer

CLEAR_SECONDS = 0.8
"""For the cancels in `Clean`, which has two seconds for everything."""
WARMUP_NS = 5 * NS_PER_SECOND
"""Between two questions for candles."""
COOLDOWN = "liquidation"


class CLP(AbstractBot):
    """Quotes both sides on several spread levels, guards the inventory, pauses when told to.

    Each rule is a class of its own; a subclass replaces one by naming another class here.
    `docs/clp.md` explains rules and config.
    """

    quoting_class: ClassVar[type[Quoting]] = Quoting
    exposure_class: ClassVar[type[Exposure]] = Exposure
    reconcile_class: ClassVar[type[Reconcile]] = Reconcile
    volatility_class: ClassVar[type[Volatility]] = Volatility
    stop_class: ClassVar[type[TrailingStop]] = TrailingStop
    liquidation_class: ClassVar[type[Liquidation]] = Liquidation

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Read the config, make the parts, and look up what a former life has stored.

        Raises:
            ConfigError: A key is wrong.
        """
        super().__init__(config, factory, timer)
        self.wanted = ClpConfig.read(config)
        conditions = [
            (name, make_condition(name, settings)) for name, settings in self.wanted.conditions
        ]
        tick, min_qty = self.exchange.getTick(), self.exchange.getMinQty()
        levels = [Level(level, self.wanted.hold_ns) for level in self.wanted.levels]
        self._quoting = self.quoting_class(self.wanted.skew, tick)
        self._exposure = self.exposure_class(self.wanted.max_exposure_usd)
        self._reconcile = self.reconcile_class(levels, self._quoting, min_qty)
        self._volatility = self.volatility_class(self.wanted.volatility)
        self._stop = self.stop_class(self.wanted.inventory, tick)
        self._liquidation = self.liquidation_class(self.wanted.inventory, min_qty)
        self._pauses = Pauses(conditions)
        self._desk = Desk(self.exchange, levels, self.logger, timer)
        self._position = Position()
        self._profit = Profit()
        self._mode = Mode.START
        self._touch: Touch | None = None
        self._touch_ns = 0
        self._latency_ns = 0
        self._warmup_ns = 0
        self._record_ns = 0
        self._saved: tuple[Any, ...] = ()
        self._stored = self._pop()
        self._warm_up()

    @property
    def note(self) -> str:
        """Return mode, quotes, position, stop and the day's profit."""
        parts = [f"{self._mode}{f' ({self._pauses.reason})' if self._pauses.reason else ''}"]
        parts.append(f"{len(self._desk.orders.quotes())} quotes")
        parts.append(f"position {self._position.qty.normalize():f}")
        if self._stop.price is not None:
            parts.append(f"stop {self._stop.price.normalize():f}")
        if self._touch is not None:
            parts.append(f"profit {self._profit.value(self._touch.mid):.2f}")
        return ", ".join(parts)

    # --- handlers

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
        """Follow the market."""
        if symbol != self.symbol:
            return
        self._touch = Touch(bidPrice, askPrice)
        self._touch_ns = self.timer.Monotonic()
        self._latency_ns = latency
        self._turn(is_new_book=True)

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
        """Measure the volatility."""
        if symbol == self.symbol and finished:
            self._volatility.add(Candle(timestamp, high, low, close))

    def onAccount(
        self, price: Decimal, qty: Decimal, symbol: str, exchange: str, timestamp: int
    ) -> None:
        """Take in the position."""
        if symbol == self.symbol:
            self._position.on_account(price, qty, timestamp)
            self._turn()

    def onOrder(self, update: Update) -> None:
        """Book fills, follow orders."""
        if update.fill_qty:
            self._on_fill(update)
        self._desk.on_order(update)
        if update.status.is_final:
            self._liquidation.on_final(update.id, update.filled_qty)
        self._turn()

    def onStatus(self, component: str, healthy: bool, reason: str) -> None:
        """Look at once whether quoting must pause."""
        self._turn()

    def onTime(self, timestamp: int) -> None:
        """Do what is due without an event."""
        if self._volatility.atr(timestamp) is None and not self._desk.orders.quotes():
            self._warm_up()
        self._turn()
        self._summarise()

    def Clean(self) -> None:
        """Cancel all, and leave a stop at the exchange where there is a position."""
        if self._mode is Mode.START and self._position.is_known:
            self._resume(self.timer.Timestamp())
        self._mode = Mode.HALT
        # Without a stop price of our own, a former life's stop is all that there is.
        keeps_stops = self._stop.price is None and bool(self._desk.orders.stops())
        is_clear = self._desk.clear_out(keep_stops=keeps_stops, seconds=CLEAR_SECONDS)
        qty, entry = self._real_position()
        self._follow(qty, entry)
        if qty and not keeps_stops:
            self._leave_stop(qty)
        self._save(self.timer.Timestamp())
        self.logger.info(
            "cleaned", clear=is_clear, position=qty, entry=entry, stop=self._stop.price,
        )  # fmt: skip

    # --- one turn

    def _turn(self, *, is_new_book: bool = False) -> None:
        """Look at everything, in the order of urgency."""
        if self._touch is None or not self._position.is_known:
            return
        timestamp = self.timer.Timestamp()
        if self._mode is Mode.START:
            self._resume(timestamp)
        now_ns = self.timer.Monotonic()
        mid = self._touch.mid
        atr = self._volatility.atr(timestamp)
        self._guard(mid, now_ns)
        view = self._view(self._touch, atr, timestamp, now_ns)
        if is_new_book:
            self._pauses.see(view)
        self._mode = self._decide(view, now_ns)
        if self._mode is Mode.QUOTE:
            self._quote(self._touch, now_ns)
        else:
            self._desk.withdraw()
        if self._mode is Mode.LIQUIDATE:
            self._liquidate(now_ns)
        if self._profit.settle(self._position.estimate(now_ns), mid, timestamp, now_ns):
            self.logger.warning("position was changed by somebody else", qty=self._position.qty)
        self._save(timestamp)

    def _decide(self, view: View, now_ns: int) -> Mode:
        if self._liquidation.progress is not None:
            return Mode.LIQUIDATE
        change = self._pauses.check(view, now_ns)
        if change is not None:
            self._tell_pause(change)
        if self._pauses.reason or not view.online:
            return Mode.PAUSE
        return Mode.WARMUP if view.atr is None else Mode.QUOTE

    def _quote(self, touch: Touch, now_ns: int) -> None:
        orders, mid = self._desk.orders, touch.mid
        share = self._exposure.share(self._position.qty, mid)
        plan = self._reconcile.plan(
            touch,
            self._quoting.centre(mid, share),
            self._exposure.rooms(self._position, orders, mid, now_ns),
            orders.quotes(),
            now_ns,
        )
        self._desk.carry_out(plan)
        for replaced in plan.replaced:
            self._record(quote_record(replaced, mid))

    def _guard(self, mid: Decimal, now_ns: int) -> None:
        position = self._position
        self._follow(position.qty, position.entry)
        if not position.qty or self._stop.price is not None:
            self._desk.release_stops()
        if self._liquidation.progress is None and self._stop.is_hit(mid):
            self.logger.warning("stop hit", stop=self._stop.price, mid=mid, position=position.qty)
            self._liquidation.begin(Progress(position.qty))

    def _liquidate(self, now_ns: int) -> None:
        order_qty = self._liquidation.next(self._position.qty, now_ns)
        if self._liquidation.progress is None:
            wait_ns = self.wanted.inventory.cooldown_ns
            change = self._pauses.impose(COOLDOWN, "position was liquidated", wait_ns, now_ns)
            if change is not None:
                self._tell_pause(change)
        elif order_qty is not None:
            client_id = self._desk.close(order_qty)
            if client_id:
                self._liquidation.sent(client_id, now_ns)
                self.logger.info("liquidating", id=client_id, qty=order_qty)
            else:
                self._liquidation.failed(now_ns)

    def _follow(self, qty: Decimal, entry: Decimal) -> None:
        if self._touch is not None:
            atr = self._volatility.atr(self.timer.Timestamp())
            distance = None if atr is None else self.wanted.inventory.stoploss_coeff * atr
            self._stop.follow(qty, entry, self._touch.mid, distance)

    def _view(self, touch: Touch, atr: Decimal | None, timestamp: int, now_ns: int) -> View:
        mid = touch.mid
        online = self.exchange.isOnline()
        return View(
            timestamp=timestamp,
            spread=touch.ask - touch.bid,
            mid=mid,
            latency_ns=self._latency_ns,
            age_ns=now_ns - self._touch_ns,
            atr=atr,
            inventory_usd=abs(self._position.qty) * mid,
            profit_usd=self._profit.value(mid),
            online=online,
        )

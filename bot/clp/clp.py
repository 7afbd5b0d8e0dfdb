"""The continuous liquidity provider: connects the handlers with the rules of this package."""

from decimal import Decimal
from typing import Any, ClassVar

from bot.abstract_bot import AbstractBot
from bot.clp.conditions.catalogue import make_condition
from bot.clp.config import ClpConfig
from bot.clp.desk import Desk
from bot.clp.exposure import Exposure
from bot.clp.farewell import leave_stop, look_again
from bot.clp.fees import fee_of
from bot.clp.guard import Guard
from bot.clp.level import Level
from bot.clp.liquidation import Liquidation
from bot.clp.market import Market
from bot.clp.memory import Memory
from bot.clp.pauses import Pauses
from bot.clp.profit import Profit
from bot.clp.quoting import Quoting, Touch
from bot.clp.reconcile import Reconcile
from bot.clp.records import note_text
from bot.clp.reporter import Reporter
from bot.clp.state import ClpState, Mode, resume
from bot.clp.trailing_stop import TrailingStop
from bot.clp.view import View
from bot.clp.volatility import Candle, Volatility
from bot.clp.warmup import Warmup
from lib.constants import Side
from lib.factory import AbstractFactory
from lib.models import Update
from lib.timer import AbstractTimer

CLEAR_SECONDS = 0.8
"""For the cancels in `Clean`, which has two seconds for everything."""
COOLDOWN = "liquidation"
ONLINE = "online"


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
        wanted = self.wanted = ClpConfig.read(config)
        conditions = [(name, make_condition(name, keys)) for name, keys in wanted.conditions]
        exchange, tick, min_qty = self.exchange, self.exchange.getTick(), self.exchange.getMinQty()
        levels = [Level(level, wanted.hold_ns) for level in wanted.levels]
        self._quoting = self.quoting_class(wanted.skew, tick)
        self._exposure = self.exposure_class(wanted.max_exposure_usd)
        self._reconcile = self.reconcile_class(levels, self._quoting, min_qty)
        self._volatility = self.volatility_class(wanted.volatility)
        self._guard = Guard(
            self.stop_class(wanted.inventory, tick),
            self.liquidation_class(wanted.inventory, min_qty),
            wanted.inventory.stoploss_coeff,
        )
        self._pauses = Pauses(conditions)
        self._desk = Desk(exchange, levels, self.logger, timer)
        self._warmup = Warmup(exchange, self._volatility, self.logger, timer)
        self._reporter = Reporter(lambda: self.database, self.logger, timer, wanted.records_ns)
        self._memory = Memory(self.state, self.logger)
        self._market = Market()
        self._position = self._guard.position
        self._profit = Profit()
        self._mode = Mode.START
        if self._memory.stored is not None:
            # Now already: fills that a former life has missed are told before anything else.
            self._profit.restore(self._memory.stored.profit)
        self._warmup.ask()

    @property
    def note(self) -> str:
        """Return mode, quotes, position, stop and the day's profit."""
        touch = self._market.touch
        profit = None if touch is None else self._profit.value(touch.mid)
        quotes = len(self._desk.orders.quotes())
        return note_text(self._mode, self._pauses.reason, quotes, self._guard, profit)

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
        if symbol == self.symbol:
            self._market.on_book(Touch(bidPrice, askPrice), latency, self.timer.Monotonic())
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
            self._guard.liquidation.on_final(update.id, update.filled_qty)
        self._turn()

    def onStatus(self, component: str, healthy: bool, reason: str) -> None:
        """Look at once whether quoting must pause."""
        if component == ONLINE:
            self._market.trouble = reason
        self._turn()

    def onTime(self, timestamp: int) -> None:
        """Do what is due without an event."""
        # The answer takes a while: not while orders would stand unattended.
        if self._volatility.atr(timestamp) is None and not self._desk.orders.quotes():
            self._warmup.ask()
        self._turn()
        if self._market.touch is not None and self._mode is not Mode.START:
            view = self._view(self._market.touch, self.timer.Monotonic())
            fees, pause, quotes = self._profit.fees, self._pauses.reason, self._desk.orders.quotes()
            self._reporter.summarise(
                view, self._mode, self._guard, len(quotes), fees=fees, pause=pause
            )

    def Clean(self) -> None:
        """Cancel all, and leave a stop at the exchange where there is a position."""
        if self._mode is Mode.START and self._position.is_known:
            self._resume()
        # Without a stop price of our own, a former life's stop is all that there is.
        keeps_stops = not self._guard.is_watching
        is_clear = self._desk.clear_out(keep_stops=keeps_stops, seconds=CLEAR_SECONDS)
        if not self._position.is_known:
            self.logger.info("cleaned before the position was known")
            return
        self._mode = Mode.HALT
        timestamp = self.timer.Timestamp()
        look_again(self.exchange, self.logger, self._position, self._market, timestamp)
        qty, touch, stop = self._position.qty, self._market.touch, self._guard.stop
        if touch is not None:
            self._guard.follow(touch.mid, self._volatility.atr(timestamp))
        # Before the last request: its answer may come too late.
        self._save()
        if qty and touch is not None and not (keeps_stops and self._desk.orders.stops()):
            leave_stop(self.exchange, self.logger, stop, qty, touch.mid)
        self.logger.info("cleaned", clear=is_clear, position=qty, stop=stop.price)

    # --- one turn

    def _turn(self, *, is_new_book: bool = False) -> None:
        """Look at everything, in the order of urgency."""
        touch = self._market.touch
        if touch is None or not self._position.is_known:
            return
        if self._mode is Mode.START:
            self._resume()
        now_ns = self.timer.Monotonic()
        view = self._view(touch, now_ns)
        if is_new_book:
            self._pauses.see(view)
        self._watch(view)
        self._mode = self._decide(view, now_ns)
        if self._mode is Mode.QUOTE:
            self._quote(touch, now_ns)
        else:
            self._desk.withdraw()
        if self._mode is Mode.LIQUIDATE:
            self._liquidate(view, now_ns)
        qty = self._position.estimate(now_ns)
        if self._profit.settle(qty, view.mid, view.timestamp, now_ns):
            self.logger.warning("position changed by others", position=qty)
        self._save()

    def _watch(self, view: View) -> None:
        if self._guard.look(view.mid, view.atr):
            stop, qty = self._guard.stop.price, self._position.qty
            self.logger.warning("stop hit", stop=stop, mid=view.mid, position=qty)
        if self._guard.is_watching:
            # Stops that a former life has left at the exchange are not needed any more.
            self._desk.release_stops()

    def _decide(self, view: View, now_ns: int) -> Mode:
        if self._guard.is_liquidating:
            return Mode.LIQUIDATE
        self._reporter.tell_pause(self._pauses.check(view, now_ns))
        if self._pauses.reason or not view.online:
            return Mode.PAUSE
        return Mode.WARMUP if view.atr is None else Mode.QUOTE

    def _quote(self, touch: Touch, now_ns: int) -> None:
        orders, mid = self._desk.orders, touch.mid
        share = self._exposure.share(self._position.qty, mid)
        plan = self._reconcile.plan(
            touch,
            self._quoting.centre(mid, share),
            lambda: self._exposure.rooms(self._position, orders, mid, now_ns),
            orders.quotes,
            now_ns,
        )
        self._desk.carry_out(plan)
        self._reporter.tell_quotes(plan.replaced, mid)

    def _liquidate(self, view: View, now_ns: int) -> None:
        self._desk.liquidate(self._guard.liquidation, self._position.qty, now_ns)
        if not self._guard.is_liquidating:
            wait_ns, text = self.wanted.inventory.cooldown_ns, "the position was liquidated"
            change = self._pauses.impose(COOLDOWN, text, wait_ns, view.timestamp, now_ns)
            self._reporter.tell_pause(change)

    def _on_fill(self, update: Update) -> None:
        signed = update.fill_qty if update.side is Side.BUY else -update.fill_qty
        fee = fee_of(update, self.wanted.inventory)
        if self._profit.on_fill(signed, update.fill_price, fee, update.trade_id):
            self._position.on_fill(signed, update.timestamp, self.timer.Monotonic())
            self.logger.info("filled", id=update.id, qty=signed, price=update.fill_price, fee=fee)

    # --- from life to life

    def _resume(self) -> None:
        timestamp, now_ns = self.timer.Timestamp(), self.timer.Monotonic()
        position, stored = self._position, self._memory.stored
        state, verdict = resume(stored, position.qty, position.entry, timestamp)
        self._guard.restore(state)
        if state.pause_until:
            wait_ns = state.pause_until - timestamp
            self._pauses.impose(state.pause_causes, state.pause_reason, wait_ns, timestamp, now_ns)
        if self._market.touch is not None:
            qty = position.estimate(now_ns)
            self._profit.begin(qty, self._market.touch.mid, timestamp)
        self._mode = Mode.WARMUP
        self.logger.info(
            "resumed", verdict=verdict, former=stored.mode if stored else "none",
            position=position.qty, entry=position.entry, stop=state.stop,
        )  # fmt: skip

    def _save(self) -> None:
        self._memory.save(
            ClpState(
                mode=self._mode,
                qty=self._position.qty,
                entry=self._position.entry,
                stop=self._guard.stop.price,
                liquidation=self._guard.liquidation.progress,
                pause_until=self._pauses.until,
                pause_causes=self._pauses.causes,
                pause_reason=self._pauses.reason,
                profit=self._profit.image(),
            )
        )

    def _view(self, touch: Touch, now_ns: int) -> View:
        timestamp = self.timer.Timestamp()
        qty, atr = self._position.qty, self._volatility.atr(timestamp)
        profit, online = self._profit.value(touch.mid), self.exchange.isOnline()
        return self._market.view(
            touch, qty, atr, profit, online=online, timestamp=timestamp, now_ns=now_ns
        )

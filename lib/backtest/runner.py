"""The loop of a backtest: market events in time order, each bot on the one virtual clock.

Times: an event happens at the exchange at its own time t and reaches the bots at
t + `market` latency, which is where their clock then stands. A request that a bot sends at bot
time b reaches the exchange at b + `order` (or `cancel`) latency. What the account does at
exchange time t, its bot learns at t + `account` latency (never before it has seen the market of
that time). So the loop walks once over the market in exchange time, and everything else is due at
some exchange time, too.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import Any

from lib.backtest.agenda import NEVER, Agenda
from lib.backtest.broker import ACCOUNT, Broker
from lib.backtest.desk import Desk
from lib.backtest.host import BotFailed, Host
from lib.backtest.logger import RunLogger
from lib.backtest.market import Market
from lib.backtest.minutes import Minutes
from lib.backtest.orders import OwnFill, OwnOrder
from lib.backtest.recorder import RunRecorder
from lib.backtest.settings import Settings
from lib.backtest.sources import Source
from lib.backtest.timer import RunTimer
from lib.constants import NS_PER_SECOND, Side
from lib.errors import TickvisorError
from lib.models import Update
from lib.venue.engine import Engine
from lib.venue.latency import read_latency
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote

_time_of = attrgetter("time_ns")
GOODBYE_NS = 2 * NS_PER_SECOND
"""How long cancels of `Clean` may take."""


class Stopped(TickvisorError):
    """The user has asked for the end."""


class Run:
    """One backtest.

    Args:
        settings: What was configured.
        source: The market.
        recorder: Keeps what happens.
        logger: Class of the bots' loggers.
    """

    def __init__(
        self, settings: Settings, source: Source, recorder: RunRecorder, logger: type[RunLogger]
    ) -> None:
        """Build the parts; nothing moves before `play`."""
        self.settings = settings
        self.stop_wanted = False
        """Set it to end the run early."""
        self.events = 0
        self.failure = ""
        self.trace = ""
        self._source = source
        self._recorder = recorder
        self._logger = logger
        self._lag_ns = settings.market_latency_ns
        latency = settings.latency
        self._latency = {
            name: read_latency(latency.get(name), f"{settings.seed}:{name}")
            for name in ("order", "cancel", "account")
        }
        self.timer = RunTimer(source.start_ns)
        self.timer.wait = self.wait
        self.markets = {
            symbol: Market(rules, Minutes(source.history(symbol)))
            for symbol, rules in source.rules.items()
        }
        self._engine = Engine(dict(source.rules), settings.options, settings.seed)
        self.broker = Broker(self._engine, self.markets, self)
        self.hosts: list[Host] = []
        self._hosts_of: dict[str, list[Host]] = {}
        self._clocks: list[Callable[..., None]] = []
        self._agenda = Agenda()
        self._cursor_ns = source.start_ns
        self._second_ns = NEVER
        self._due_ns = NEVER
        self._tell_ns = 0
        self._waiting = 0
        self._late: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._stash: deque[MarketEvent] = deque()
        self._wallet: tuple[Decimal, int] = (Decimal(0), 0)
        self._events: Iterator[MarketEvent] = chain.from_iterable(self._batches())

    @property
    def cursor_ns(self) -> int:
        """Exchange's time of the newest thing that happened."""
        return self._cursor_ns

    def play(self) -> None:
        """Run from start to end; `failure` says why it ended early, if it did."""
        try:
            if self._begin():
                self._loop()
                if self._source.end_ns < NEVER:
                    self._do_due(self._source.end_ns)
        except Stopped:
            self.failure = "interrupted"
        except BotFailed as error:
            self.failure, self.trace = str(error), error.trace
        except Exception as error:
            guilty = [host.owner for host in self.hosts if host.is_in(error)]
            if not guilty:
                raise
            failed = BotFailed(guilty[0], error)
            self.failure, self.trace = str(failed), failed.trace
        self._finish()

    # --- what desks ask for (lib.backtest.desk.Wire)

    def now_ns(self) -> int:
        """Return the bots' clock."""
        return self.timer.now_ns

    def post(self, orders: list[OwnOrder]) -> None:
        """Send new orders on their way, as one batch."""
        delay_ns = self._latency["order"].draw_ns()
        for order in orders:
            order.arrives_ns = self.timer.now_ns + delay_ns
            self._recorder.on_post(order)
            self._plan(order.arrives_ns, self._arrive, order)

    def cancel(self, orders: list[OwnOrder]) -> None:
        """Send cancels on their way; one never overtakes its order."""
        due_ns = self.timer.now_ns + self._latency["cancel"].draw_ns()
        for order in orders:
            self._plan(max(due_ns, order.arrives_ns), self._cancel, order)

    def wait_reply(self, order: OwnOrder) -> None:
        """Let the exchange go on, calling no handler, until the reply about an order is back."""
        delay_ns = self._latency["account"].draw_ns()
        self.wait(max(self.timer.now_ns, order.arrives_ns + delay_ns))

    def available(self, asset: str) -> Decimal:
        """Return the margin that is free for new orders."""
        return self.broker.available(asset, self._cursor_ns)

    def wallet(self) -> tuple[Decimal, int]:
        """Return (wallet balance, time of its last change) as the bots know it."""
        return self._wallet

    def wait(self, until_ns: int) -> None:
        """Let the exchange go on until bot time `until_ns`; handlers are called later."""
        horizon_ns = until_ns - self._lag_ns
        self._waiting += 1
        try:
            while (event := self._next_until(horizon_ns)) is not None:
                self._one(event)
            self._do_due(max(horizon_ns, self._cursor_ns))
        finally:
            self._waiting -= 1
        self.timer.set(until_ns)

    # --- what the broker tells (lib.backtest.broker.Listener)

    def on_update(self, order: OwnOrder, update: Update) -> None:
        """Have a bot told of its order."""
        self._recorder.on_update(order, update)
        self._tell(self._tell_order, order, update)

    def on_position(self, symbol: str, price: Decimal, qty: Decimal, time_ns: int) -> None:
        """Have the symbol's bots told of its position."""
        self._tell(self._tell_position, symbol, price, qty, time_ns, self.broker.wallet)

    def on_fill(self, fill: OwnFill) -> None:
        """Record an execution, and what becomes of the price after it."""
        self._recorder.on_fill(fill)
        for number, seconds in enumerate(self._recorder.horizons):
            due_ns = self._cursor_ns + round(seconds * NS_PER_SECOND)
            self._plan(due_ns, self._mark_out, self._recorder.fill_count - 1, number, fill.symbol)

    # --- the loop

    def _batches(self) -> Iterator[list[MarketEvent]]:
        for batch in self._source.batches():
            if self.stop_wanted:
                raise Stopped("interrupted")
            if batch[-1].time_ns >= self._source.end_ns:
                last = bisect_left(batch, self._source.end_ns, key=_time_of)
                batch = batch[:last]
            self.events += len(batch)
            yield batch

    def _begin(self) -> bool:
        """Take in what came before the start, open the account, make the bots."""
        settings = self.settings
        first = None
        for event in self._events:
            if event.time_ns >= self._source.start_ns:
                first = event
                break
            self._warm(event)
        if first is None:
            return False
        self._events = chain((first,), self._events)
        # A recording may begin in the middle of a second.
        self._cursor_ns = first.time_ns
        self.timer.set(self._cursor_ns + self._lag_ns)
        self._engine.open_account(ACCOUNT, settings.balance, self._cursor_ns)
        self._engine.take_events()
        self.broker.wallet = next(iter(settings.balance.values()))
        self._wallet = self.broker.wallet, self._cursor_ns
        self._recorder.begin(self._cursor_ns, self.broker.wallet)
        for market in self.markets.values():
            market.minutes.roll(self._cursor_ns)
        self._second_ns = -(-self._cursor_ns // NS_PER_SECOND) * NS_PER_SECOND
        self._look()
        for plan in settings.bots:
            self._make(plan)
        for host in self.hosts:
            host.call("onAccount", *self._position_args(host, Decimal(0), Decimal(0), 0))
        self._deliver_late()
        return True

    def _make(self, plan: Any) -> None:
        desk = Desk(
            self.settings.project,
            plan.owner,
            self.markets[plan.symbol],
            self,
            self.settings.book_limit_ns,
        )
        host = Host(plan, desk, self.timer, self._logger)
        self.hosts.append(host)
        self._hosts_of.setdefault(plan.symbol, []).append(host)
        for symbol in plan.symbols:
            market = self.markets[symbol]
            for name, handlers in (
                ("onOrderbook", market.books),
                ("onTrade", market.trades),
                ("onCandle", market.candles),
            ):
                handler = host.handler(name)
                if handler is not None:
                    handlers.append(handler)
                    if name == "onCandle" and plan.live_candles:
                        market.growing.append(handler)
        clock = host.handler("onTime")
        if clock is not None:
            self._clocks.append(clock)

    def _loop(self) -> None:
        # The hot path: what is written out here for quotes, `_one` does for every event.
        markets, timer, lag_ns = self.markets, self.timer, self._lag_ns
        exchange, show, late = self.settings.exchange, self.broker.show, self._late
        for event in self._events:
            if type(event) is not Quote:
                self._one(event)
            else:
                symbol, bid, bid_qty, ask, ask_qty, _, time_ns = event
                if time_ns >= self._due_ns and not self._make_way(event):
                    continue
                market = markets[symbol]
                market.quote = event
                if bid <= market.bids_to or ask >= market.asks_from:
                    self._cursor_ns = time_ns
                    show(market, event)
                else:
                    market.pending_quote = event
                market.book_ns = timer.now_ns = time_ns + lag_ns
                for handler in market.books:
                    handler(ask, ask_qty, bid, bid_qty, symbol, exchange, time_ns, lag_ns)
            if late or self._stash:
                self._deliver_late()

    def _one(self, event: MarketEvent) -> None:
        time_ns = event.time_ns
        if time_ns >= self._due_ns and not self._make_way(event):
            return
        self._cursor_ns = time_ns
        market = self.markets[event.symbol]
        self.timer.set(time_ns + self._lag_ns)
        match event:
            case Quote():
                market.quote = event
                self._see(market, event, event.bid, event.ask)
                market.book_ns = self.timer.now_ns
                self._call_all(market.books, self._book_args(event))
            case Print():
                market.minutes.prices.append(event.price)
                market.minutes.quantities.append(event.qty)
                self._see(market, event, event.price, event.price)
                if market.trades:
                    self._call_all(market.trades, self._trade_args(event))
            case MarkPrice():
                market.has_marks = True
                self._mark(market, event)
            case Levels():
                if not market.has_depth:
                    market.has_depth = True
                    market.look()
                self.broker.show(market, event)

    def _make_way(self, event: MarketEvent) -> bool:
        """Do what is due before an event; return False when a bot's waiting has consumed it."""
        self._stash.appendleft(event)
        self._do_due(event.time_ns)
        if not self._stash or self._stash[0] is not event:
            return False
        self._stash.popleft()
        return True

    def _see(self, market: Market, event: Quote | Print, low: Decimal, high: Decimal) -> None:
        if low <= market.bids_to or high >= market.asks_from:
            self.broker.show(market, event)
        elif isinstance(event, Quote):
            market.pending_quote = event
        else:
            market.pending_print = event

    def _warm(self, event: MarketEvent) -> None:
        market = self.markets[event.symbol]
        match event:
            case Quote():
                market.quote = event
                market.book_ns = event.time_ns
                market.pending_quote = event
            case Print():
                market.minutes.roll(event.time_ns)
                market.minutes.prices.append(event.price)
                market.minutes.quantities.append(event.qty)
                market.pending_print = event
            case Levels():
                market.has_depth = True
                self._engine.on_market(event)
            case MarkPrice():
                market.has_marks = True
                market.mark, market.mark_ns = event.mark, event.time_ns
                self._engine.on_market(event)

    def _next_until(self, horizon_ns: int) -> MarketEvent | None:
        event = self._stash.popleft() if self._stash else next(self._events, None)
        if event is not None and event.time_ns > horizon_ns:
            self._stash.appendleft(event)
            return None
        return event

    def _deliver_late(self) -> None:
        while self._late or self._stash:
            if self._late:
                call, values = self._late.popleft()
                call(*values)
            else:
                self._one(self._stash.popleft())

    def _call_all(self, handlers: list[Callable[..., None]], values: tuple[Any, ...]) -> None:
        for handler in handlers:
            if self._waiting:
                self._late.append((handler, values))
            else:
                handler(*values)

    # --- what is due

    def _plan(self, due_ns: int, call: Callable[..., None], *values: Any) -> None:
        self._agenda.add(max(due_ns, self._cursor_ns), call, *values)
        self._due_ns = min(self._due_ns, self._agenda.due_ns)

    def _look(self) -> None:
        deadline_ns = self.broker.deadline()
        self._due_ns = min(self._agenda.due_ns, self._second_ns, deadline_ns or NEVER)

    def _do_due(self, until_ns: int) -> None:
        while self._due_ns <= until_ns:
            due_ns = self._cursor_ns = max(self._due_ns, self._cursor_ns)
            deadline_ns = self.broker.deadline()
            if deadline_ns is not None and deadline_ns <= due_ns:
                self.broker.advance(deadline_ns)
            elif self._agenda.due_ns <= due_ns:
                self._agenda.run_next()
            else:
                self._on_second(self._second_ns)
                self._second_ns += NS_PER_SECOND
            self._look()
            while self._late and not self._waiting:
                call, values = self._late.popleft()
                call(*values)

    def _on_second(self, now_ns: int) -> None:
        if self.stop_wanted:
            raise Stopped("interrupted")
        self.timer.set(now_ns + self._lag_ns)
        for market in self.markets.values():
            if self.broker.needs_mark(market):
                self.broker.guess_mark(market, now_ns)
            row = market.minutes.roll(now_ns)
            if row is not None:
                self._call_all(market.candles, self._candle_args(market, row, finished=True))
            elif market.growing and (row := market.minutes.growing()) is not None:
                self._call_all(market.growing, self._candle_args(market, row, finished=False))
        if self._recorder.is_due(now_ns):
            self._recorder.sample(now_ns, self.broker, self.markets)
        for host in self.hosts:
            self._tell_health(host)
        self._call_all(self._clocks, (self.timer.now_ns,))

    def _arrive(self, order: OwnOrder) -> None:
        if self.broker.place(order):
            return
        delay_ns = self._latency["account"].draw_ns() - self._lag_ns
        update = order.update(self._cursor_ns)
        self._recorder.on_update(order, update)
        self._plan(self._cursor_ns + max(delay_ns, 0), self._tell_order, order, update)

    def _cancel(self, order: OwnOrder) -> None:
        if not order.has_arrived:
            self._plan(order.arrives_ns, self._cancel, order)
            return
        self.broker.cancel(order, self._cursor_ns)

    def _mark_out(self, fill: int, number: int, symbol: str) -> None:
        self._recorder.on_mark_out(fill, number, self.markets[symbol].mid())

    def _mark(self, market: Market, event: MarkPrice) -> None:
        is_first = not market.mark_ns
        market.mark, market.mark_ns = event.mark, event.time_ns
        self.broker.show(market, event)
        if is_first:
            market.look()
        self._look()

    def _tell(self, call: Callable[..., None], *values: Any) -> None:
        # One connection brings all of the account's news: they keep their order.
        delay_ns = max(self._latency["account"].draw_ns() - self._lag_ns, 0)
        self._tell_ns = max(self._tell_ns, self._cursor_ns + delay_ns)
        self._plan(self._tell_ns, call, *values)

    def _tell_order(self, order: OwnOrder, update: Update) -> None:
        self.timer.set(self._cursor_ns + self._lag_ns)
        for host in self._hosts_of.get(order.symbol, ()):
            if host.owner == order.owner:
                host.desk.tell(order, update)
                self._hand_on(host, "onOrder", update)

    def _tell_position(
        self, symbol: str, price: Decimal, qty: Decimal, time_ns: int, wallet: Decimal
    ) -> None:
        self.timer.set(self._cursor_ns + self._lag_ns)
        self._wallet = wallet, time_ns
        for host in self._hosts_of.get(symbol, ()):
            host.desk.position = price, qty, time_ns
            self._hand_on(host, "onAccount", *self._position_args(host, price, qty, time_ns))

    def _tell_health(self, host: Host) -> None:
        trouble = host.desk.trouble()
        if (not trouble) != host.is_online:
            host.is_online = not trouble
            self._hand_on(host, "onStatus", "online", host.is_online, trouble)

    def _hand_on(self, host: Host, name: str, *values: Any) -> None:
        if self._waiting:
            self._late.append((host.call, (name, *values)))
        else:
            host.call(name, *values)

    def _finish(self) -> None:
        if not self.hosts:
            return
        try:
            for host in self.hosts:
                host.clean()
                self._late.clear()
            self.wait(self.timer.now_ns + GOODBYE_NS)
            self._late.clear()
        except Stopped:
            pass
        self._recorder.sample(self._cursor_ns, self.broker, self.markets)

    # --- arguments of handlers

    def _book_args(self, event: Quote) -> tuple[Any, ...]:
        latency_ns = self.timer.now_ns - event.time_ns
        return (
            event.ask, event.ask_qty, event.bid, event.bid_qty, event.symbol,
            self.settings.exchange, event.time_ns, latency_ns,
        )  # fmt: skip

    def _trade_args(self, event: Print) -> tuple[Any, ...]:
        side = Side.SELL if event.buyer_is_maker else Side.BUY
        latency_ns = self.timer.now_ns - event.time_ns
        return (
            event.price, event.qty, side, event.symbol, self.settings.exchange, event.time_ns,
            latency_ns,
        )  # fmt: skip

    def _candle_args(self, market: Market, row: Any, *, finished: bool) -> tuple[Any, ...]:
        symbol, exchange = market.symbol, self.settings.exchange
        return (
            row.open, row.high, row.low, row.close, row.volume, symbol, exchange, row.open_ns,
            finished,
        )  # fmt: skip

    def _position_args(
        self, host: Host, price: Decimal, qty: Decimal, time_ns: int
    ) -> tuple[Any, ...]:
        return price, qty, host.plan.symbol, self.settings.exchange, time_ns or self._cursor_ns

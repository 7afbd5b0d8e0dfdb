"""The loop of a backtest: market events in time order, every bot on the one virtual clock.

Times: an event happens at the exchange at its own time t and reaches the bots at t + `market`
latency, where their clock then stands. A request that a bot sends at bot time b reaches the
exchange at b + `order` (or `cancel`) latency. What happens to the account at exchange time t, its
bot learns at t + `account` latency, or with the market of time t where that comes later. So the
loop walks once over the market in exchange time, and all else is due at some exchange time.

The exchange goes on while a handler waits (`Post(wait=True)`, `Sleep`): `wait` walks on over the
market, and the handlers' calls are made up for afterwards.
"""

from collections.abc import Callable
from decimal import Decimal

from lib.backtest.agenda import NEVER, Agenda
from lib.backtest.arguments import book_arguments, trade_arguments
from lib.backtest.broker import ACCOUNT, Broker
from lib.backtest.crew import Crew
from lib.backtest.host import BotFailed
from lib.backtest.line import Line
from lib.backtest.logger import RunLogger
from lib.backtest.market import Market
from lib.backtest.minutes import Minutes
from lib.backtest.playlist import Playlist
from lib.backtest.recorder import RunRecorder
from lib.backtest.seconds import Seconds, Stopped
from lib.backtest.settings import Settings
from lib.backtest.sources import Source
from lib.backtest.timer import RunTimer
from lib.constants import NS_PER_SECOND
from lib.venue.engine import Engine
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote

GOODBYE_NS = 2 * NS_PER_SECOND
"""How long the cancels of `Clean` may take."""


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
        self.on_batch: Callable[[int], None] = lambda _: None
        """Told the exchange's time now and then."""
        self.failure = ""
        """Why it ended early, "" if it did not."""
        self.trace = ""
        self._source = source
        self.recorder = recorder
        self.lag_ns = settings.lag_ns
        self.agenda = Agenda(source.start_ns)
        self.timer = RunTimer(source.start_ns)
        self.timer.wait = self.wait
        self.markets = {
            symbol: Market(rules, Minutes(source.history(symbol)))
            for symbol, rules in source.rules.items()
        }
        self._engine = Engine(dict(source.rules), settings.options, settings.seed)
        self._line = Line(settings, self.agenda, self.timer, recorder)
        self.crew = Crew(settings, self.markets, self._line, self.timer, logger)
        self.broker = Broker(self._engine, self.markets, self._line)
        self._line.broker, self._line.crew = self.broker, self.crew
        self._seconds = Seconds(self)
        self._playlist = Playlist(source, self._on_batch)

    @property
    def events(self) -> int:
        """Events of the market so far."""
        return self._playlist.count

    @property
    def now_ns(self) -> int:
        """Exchange's time of the newest thing that happened."""
        return self.agenda.now_ns

    def play(self) -> None:
        """Run from start to end.

        Raises:
            ConfigError: A bot cannot be made.
        """
        try:
            if self.begin():
                self._loop()
                if self._source.end_ns < NEVER:
                    self._do_due(self._source.end_ns)
        except Stopped:
            self.failure = "interrupted"
        except BotFailed as error:
            self.failure, self.trace = str(error), error.trace
        except Exception as error:
            guilty = [host.owner for host in self.crew.hosts if host.is_in(error)]
            if not guilty:
                raise
            failed = BotFailed(guilty[0], error)
            self.failure, self.trace = str(failed), failed.trace
        self._finish()

    def check_stop(self) -> None:
        """End the run here if the user has asked for it.

        Raises:
            Stopped: They have.
        """
        if self.stop_wanted:
            raise Stopped("interrupted")

    def wait(self, until_ns: int) -> None:
        """Let the exchange go on until bot time `until_ns`; handlers are called later."""
        horizon_ns = until_ns - self.lag_ns
        self.crew.waiting += 1
        try:
            while (event := self._playlist.next_until(horizon_ns)) is not None:
                self._one(event)
            self._do_due(horizon_ns)
        finally:
            self.crew.waiting -= 1
        self.agenda.now_ns = max(self.agenda.now_ns, horizon_ns)
        self.timer.set(until_ns)

    def begin(self) -> bool:
        """Take in what came before the start, open the account, make the bots.

        Returns:
            Whether there is anything to play.

        Raises:
            ConfigError: A bot cannot be made.
        """
        event = self._playlist.first(self._warm)
        if event is None:
            return False
        first_ns = 0 if self.settings.moments else event.time_ns
        now_ns = self.agenda.now_ns = max(first_ns, self._source.start_ns)
        self.timer.set(now_ns + self.lag_ns)
        self._engine.open_account(ACCOUNT, self.settings.balance, now_ns)
        self._engine.take_events()
        self.broker.wallet = next(iter(self.settings.balance.values()))
        self._line.open(self.broker.wallet)
        self.recorder.begin(now_ns, self.broker.wallet)
        for market in self.markets.values():
            market.minutes.roll(now_ns)
        self._seconds.start()
        self.crew.make(now_ns)
        for market in self.markets.values():
            if self.settings.moments and market.quote is not None:
                self._tell_book(market, market.quote)  # it may be on its way still
        self._go_on()
        return True

    def _on_batch(self) -> None:
        self.check_stop()
        self.on_batch(self.now_ns)

    def _loop(self) -> None:
        # The hot path: what is written out here for quotes, `_one` does for every event.
        markets, timer, lag_ns, agenda = self.markets, self.timer, self.lag_ns, self.agenda
        exchange, show = self.settings.exchange, self.broker.show
        late, back = self.crew.late, self._playlist.back
        for event in self._playlist.fresh:
            if type(event) is not Quote:
                self._one(event)
            else:
                symbol, bid, bid_qty, ask, ask_qty, _, time_ns = event
                if time_ns >= agenda.due_ns and not self._make_way(event):
                    continue
                agenda.now_ns = time_ns
                market = markets[symbol]
                before, market.quote = market.quote, event
                if market.watched and (
                    bid <= market.bids_to
                    or ask >= market.asks_from
                    or (market.has_depth and market.is_moved(event, before))
                ):
                    show(market, event)
                else:
                    market.pending_quote = event
                market.book_ns = timer.now_ns = time_ns + lag_ns
                for handler in market.books:
                    handler(ask, ask_qty, bid, bid_qty, symbol, exchange, time_ns, lag_ns)
            if late or back:
                self._go_on()

    def _one(self, event: MarketEvent) -> None:
        time_ns = event.time_ns
        if time_ns >= self.agenda.due_ns and not self._make_way(event):
            return
        self.agenda.now_ns = time_ns
        market = self.markets[event.symbol]
        self.timer.set(time_ns + self.lag_ns)
        match event:
            case Print():
                self._on_print(market, event)
            case Quote():
                self._on_quote(market, event)
            case Levels():
                market.has_depth = market.watched = True
                self.broker.show(market, event)
            case MarkPrice():
                market.has_marks = True
                self.broker.mark(market, event)
                self._seconds.plan_deadline()

    def _on_quote(self, market: Market, event: Quote) -> None:
        before, market.quote = market.quote, event
        if market.is_moved(event, before):
            self.broker.show(market, event)
        else:
            self._see(market, event, event.bid, event.ask)
        market.book_ns = self.timer.now_ns
        if market.books:
            self.crew.call_or_put_off(self._tell_book, market, event)

    def _tell_book(self, market: Market, event: Quote) -> None:
        arguments = book_arguments(event, self.settings.exchange, self.timer.now_ns)
        for handler in market.books:
            handler(*arguments)

    def _on_print(self, market: Market, event: Print) -> None:
        market.minutes.prices.append(event.price)
        market.minutes.quantities.append(event.qty)
        self._see(market, event, event.price, event.price)
        if market.trades:
            self.crew.call_or_put_off(self._tell_trade, market, event)

    def _tell_trade(self, market: Market, event: Print) -> None:
        arguments = trade_arguments(event, self.settings.exchange, self.timer.now_ns)
        for handler in market.trades:
            handler(*arguments)

    def _see(self, market: Market, event: Quote | Print, low: Decimal, high: Decimal) -> None:
        if low <= market.bids_to or high >= market.asks_from:
            self.broker.show(market, event)
        elif isinstance(event, Quote):
            market.pending_quote = event
        else:
            market.pending_print = event

    def _warm(self, event: MarketEvent) -> None:
        # Before the start: no account, no bot.
        market = self.markets[event.symbol]
        match event:
            case Quote():
                market.quote = market.pending_quote = event
                market.book_ns = event.time_ns
            case Print():
                market.minutes.roll(event.time_ns)
                market.minutes.prices.append(event.price)
                market.minutes.quantities.append(event.qty)
                market.pending_print = event
            case Levels():
                market.has_depth = market.watched = True
                self._engine.on_market(event)
            case MarkPrice():
                market.has_marks = True
                self.broker.mark(market, event)

    def _make_way(self, event: MarketEvent) -> bool:
        """Do what is due before an event; return False when a bot's waiting has consumed it."""
        return self._playlist.comes_after(lambda: self._do_due(event.time_ns), event)

    def _go_on(self) -> None:
        """Make up for what a bot's waiting has put off."""
        back = self._playlist.back
        while self.crew.late or back:
            self.crew.deliver_late()
            if back:
                self._one(back.popleft())

    def _do_due(self, until_ns: int) -> None:
        while self.agenda.due_ns <= until_ns:
            self.agenda.run_next()
            self.crew.deliver_late()

    def _finish(self) -> None:
        if not self.crew.hosts:
            return
        self.crew.late.clear()
        try:
            for host in self.crew.hosts:
                host.clean()
                self.crew.late.clear()
            self.wait(self.timer.now_ns + GOODBYE_NS)
        except Stopped:
            pass
        self.crew.late.clear()
        self.recorder.sample(self.now_ns, self.broker, self.markets)

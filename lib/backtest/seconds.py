"""What happens at every second of a backtest: the bots' clock, candles, samples, mark prices."""

from typing import Protocol

from lib.backtest.agenda import Agenda
from lib.backtest.arguments import candle_arguments
from lib.backtest.broker import Broker
from lib.backtest.crew import Crew
from lib.backtest.market import Market
from lib.backtest.recorder import RunRecorder
from lib.backtest.settings import Settings
from lib.backtest.timer import RunTimer
from lib.constants import NS_PER_SECOND
from lib.errors import TickvisorError


class Stopped(TickvisorError):
    """The user has asked for the end."""


class Parts(Protocol):
    """What is needed of the run."""

    settings: Settings
    agenda: Agenda
    broker: Broker
    crew: Crew
    recorder: RunRecorder
    timer: RunTimer
    markets: dict[str, Market]
    lag_ns: int

    def check_stop(self) -> None:
        """End the run here if the user has asked for it."""


class Seconds:
    """Comes round at each whole second of the exchange's time.

    Args:
        run: The run.
    """

    def __init__(self, run: Parts) -> None:
        """Plan nothing yet."""
        self._run = run
        self._deadline_ns = 0

    def start(self) -> None:
        """Plan the first second."""
        now_ns = self._run.agenda.now_ns
        self._run.agenda.add(-(-now_ns // NS_PER_SECOND) * NS_PER_SECOND, self._strike)

    def plan_deadline(self) -> None:
        """Plan what the core will do by itself (fundings): it must be told the time."""
        deadline_ns = self._run.broker.deadline()
        if deadline_ns is not None and deadline_ns != self._deadline_ns:
            self._deadline_ns = deadline_ns
            self._run.agenda.add(deadline_ns, self._run.broker.advance, deadline_ns)

    def _strike(self) -> None:
        run = self._run
        run.check_stop()
        now_ns = run.agenda.now_ns
        run.agenda.add(now_ns - now_ns % NS_PER_SECOND + NS_PER_SECOND, self._strike)
        run.timer.set(now_ns + run.lag_ns)
        for market in run.markets.values():
            if run.broker.needs_mark(market):
                run.broker.guess_mark(market, now_ns)
                self.plan_deadline()
            self._tell_candles(market, now_ns)
        if run.recorder.is_due(now_ns):
            run.recorder.sample(now_ns, run.broker, run.markets)
        run.crew.tell_health()
        self._plan_stale(now_ns)
        if not run.crew.waiting:
            # After a delay the missed seconds are not made up for.
            run.crew.call_all(run.crew.clocks, (run.timer.now_ns,))

    def _plan_stale(self, now_ns: int) -> None:
        # A live bot is told at once, not at the next second.
        run = self._run
        for host in run.crew.hosts:
            stale_ns = host.desk.stale_ns() + 1 - run.lag_ns
            if host.is_online and now_ns < stale_ns < now_ns + NS_PER_SECOND:
                run.agenda.add(stale_ns, self._tell_health)

    def _tell_health(self) -> None:
        self._run.timer.set(self._run.agenda.now_ns + self._run.lag_ns)
        self._run.crew.tell_health()

    def _tell_candles(self, market: Market, now_ns: int) -> None:
        run = self._run
        row = market.minutes.roll(now_ns)
        if row is not None:
            arguments = candle_arguments(row, market.symbol, run.settings.exchange, finished=True)
            run.crew.call_all(market.candles, arguments)
        elif market.growing and (row := market.minutes.growing()) is not None:
            arguments = candle_arguments(row, market.symbol, run.settings.exchange, finished=False)
            run.crew.call_all(market.growing, arguments)

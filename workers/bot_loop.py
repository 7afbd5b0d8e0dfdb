"""The life of one bot: make it, feed it one event at a time, let it clean up."""

import importlib
import traceback
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.bus.start import Start
from lib.constants import NS_PER_MS, NS_PER_SECOND, ExitCode, WorkerState
from lib.errors import ConfigError, ExchangeUnavailable
from lib.exchange.bus_exchange import BusExchange
from lib.exchange.replies import BYE
from lib.factory import AbstractFactory
from lib.logger import AbstractLogger
from lib.timer import AbstractTimer
from workers.bot_class import load_bot_class
from workers.bot_dispatch import account_event, market_event
from workers.bot_guard import Guard, Overrun
from workers.bot_history import BotHistory, is_wanted
from workers.bot_host import Host

CLEAN_SECONDS = 2.0
LAST_SECONDS = 1.5
"""For `Clean` and everything after it once the supervisor is gone: all is over within 2 s."""
GOODBYE_SECONDS = 0.2
BURST = 64
"""Market events before the sockets get their turn again."""
BURST_NS = 2 * NS_PER_MS
IDLE_NS = 1 * NS_PER_SECOND
CONTINUE = "continue"


class BotLoop:
    """Runs one bot until it is told to stop, fails, or its life is over.

    Args:
        start: The worker's birth certificate.
        factory: Which class plays which role.
        timer: The process's timer.
        log: The worker's logger.
        guard: Signals and limits.
    """

    def __init__(
        self,
        start: Start,
        factory: AbstractFactory,
        timer: AbstractTimer,
        log: AbstractLogger,
        guard: Guard,
    ) -> None:
        """Open the sockets."""
        self._part: dict[str, Any] = start.config["bot"]
        self._factory = factory
        self._timer = timer
        self._log = log
        self._guard = guard
        self._host = Host(start, timer, log, guard)
        self._bot: AbstractBot | None = None
        self._code = ExitCode.DONE
        self._history: BotHistory | None = None
        self._second_ns = 0

    def run(self) -> int:
        """Run to the end; return the exit code."""
        try:
            with self._guard.handler():
                bot = self._make_bot()
            while bot is not None and not self._guard.reason:
                self._turn(bot)
        except Overrun:
            self._log.error("interrupted: the bot's code did not return")
        except Exception:  # noqa: BLE001 - a worker's top level: the bot still gets to clean up
            self._code = ExitCode.ERROR
            self._log.critical("crashed", traceback=traceback.format_exc())
        finally:
            self._finish()
        return self._code

    def _make_bot(self) -> AbstractBot | None:
        host = self._host
        # The first answer of the exchange worker comes while the bot is loaded.
        host.refresh()
        try:
            bot_class = load_bot_class(self._part["class"])
            self._factory.Exchange = BusExchange.bound_to(host)
            bot = self._construct_patiently(bot_class)
        except ConfigError as error:
            self._code = ExitCode.USAGE
            host.report("refused", {"message": str(error), "about": error.about})
            self._log.error("refused to start", error=str(error))
            return None
        if bot is None:
            return None
        bot.host = host
        self._history = self._open_history()
        host.made(lambda: str(bot.note))
        self._bot = bot
        return bot

    def _construct_patiently(self, bot_class: type[AbstractBot]) -> AbstractBot | None:
        # While the exchange worker is away no bot can be made, and none is to blame for it.
        while not self._guard.reason:
            try:
                return self._construct(bot_class)
            except ExchangeUnavailable as error:
                if self._host.desk.rules is not None and self._host.desk.synced:
                    raise
                self._log.warning("waits for the exchange worker", error=str(error))
                self._host.await_exchange()
        return None

    def _construct(self, bot_class: type[AbstractBot]) -> AbstractBot:
        config = self._part["config"]
        if not self._part.get("tap"):
            return bot_class(config, self._factory, self._timer)
        # Not imported before somebody wants it.
        tapping = importlib.import_module("workers.bot_tap")
        bot: AbstractBot = tapping.make_tapped_bot(
            bot_class, self._part, self._factory, self._timer, self._host.owner
        )
        return bot

    def _open_history(self) -> BotHistory | None:
        if not is_wanted(self._part, self._factory):
            return None
        return BotHistory(self._part["config"], self._factory, self._timer, self._host.desk)

    def _turn(self, bot: AbstractBot) -> None:
        now_ns = self._timer.Monotonic()
        host = self._host
        has_work = host.desk.events or host.messages or len(host.inbox)
        is_idle = host.desk.rules is None or not has_work
        host.turn(max(now_ns, min(now_ns + IDLE_NS, self._second_ns)) if is_idle else now_ns)
        if self._guard.reason or host.desk.rules is None:
            # Nothing is told before the account is synchronised: what was missed comes first.
            self._second_ns = self._timer.Monotonic() + IDLE_NS
            return
        if self._history is not None:
            self._history.turn()
        try:
            with self._guard.handler():
                self._tell_account(bot)
                self._tell_time(bot)
                self._tell_market(bot)
        except Exception:
            if self._part.get("on_error") != CONTINUE:
                raise
            self._host.errors += 1
            self._log.error("a handler failed; going on", traceback=traceback.format_exc())

    def _tell_account(self, bot: AbstractBot) -> None:
        host = self._host
        while host.desk.events and not self._guard.reason:
            host.events += 1
            event = host.desk.events.popleft()
            if self._history is not None:
                self._history.on_event(event)
            try:
                account_event(bot, event)
            except Exception:
                if self._part.get("on_error") == CONTINUE:
                    # the bot goes on without it: a fill that is never acknowledged holds up all
                    # acknowledgements behind it
                    host.desk.pulse.on_handled(event)
                raise
            host.desk.pulse.on_handled(event)
        while host.messages and not self._guard.reason:
            host.events += 1
            account_event(bot, host.messages.popleft())

    def _tell_time(self, bot: AbstractBot) -> None:
        now_ns = self._timer.Monotonic()
        if now_ns >= self._second_ns and not self._guard.reason:
            self._second_ns += NS_PER_SECOND
            if self._second_ns <= now_ns:
                # After a delay the missed seconds are not made up for.
                self._second_ns = now_ns + NS_PER_SECOND
            bot.onTime(self._timer.Timestamp())

    def _tell_market(self, bot: AbstractBot) -> None:
        host = self._host
        end_ns = self._timer.Monotonic() + BURST_NS
        for _ in range(BURST):
            now_ns = self._timer.Timestamp()
            found = host.inbox.next(now_ns)
            if found is None:
                return
            event, published_ns = found
            host.desk.market_ns = max(host.desk.market_ns, event.event_ns)
            host.events += 1
            waited_ns = max(0, now_ns - published_ns)
            host.delay_ns = max(host.delay_ns, waited_ns)
            market_event(bot, event, waited_ns)
            host.desk.pulse.on_market(event.symbol, event.event_ns)
            if self._guard.reason or host.desk.events or self._timer.Monotonic() > end_ns:
                return

    def _finish(self) -> None:
        host = self._host
        is_orphaned = self._guard.reason == "lifeline"
        self._guard.end("error")
        if is_orphaned:
            host.desk.line.closed = "the supervisor is gone"
        host.cleaning = True
        host.state = WorkerState.STOPPING
        host.note = str
        host.beat()
        end_ns = self._timer.Monotonic() + round(
            (LAST_SECONDS if is_orphaned else CLEAN_SECONDS) * NS_PER_SECOND
        )
        try:
            self._clean(end_ns)
            self._say_goodbye(end_ns)
        except Exception:  # noqa: BLE001 - nothing may keep the process from ending
            self._code = self._code or ExitCode.ERROR
            self._log.critical("crashed while ending", traceback=traceback.format_exc())
        if self._history is not None:
            self._history.finish(list(host.desk.events))
        host.beat()
        host.links.close()

    def _clean(self, end_ns: int) -> None:
        if self._bot is None:
            return
        try:
            with self._guard.limit((end_ns - self._timer.Monotonic()) / NS_PER_SECOND):
                self._bot.Clean()
        except Overrun:
            self._code = self._code or ExitCode.ERROR
            self._log.error("Clean did not return in time")
        except Exception:  # noqa: BLE001 - the goodbye is still owed
            self._code = self._code or ExitCode.ERROR
            self._log.critical("Clean failed", traceback=traceback.format_exc())

    def _say_goodbye(self, end_ns: int) -> None:
        """See the cancels through, then tell the exchange worker that nothing more will come."""
        host = self._host
        left = (end_ns - self._timer.Monotonic()) / NS_PER_SECOND - GOODBYE_SECONDS
        host.wait(lambda: not len(host.desk.wishes), max(0.0, left))
        request_id = host.desk.ask(BYE, [], self._timer.Monotonic(), GOODBYE_SECONDS)
        if request_id is not None:
            host.wait(lambda: not host.desk.is_waiting(request_id), GOODBYE_SECONDS)

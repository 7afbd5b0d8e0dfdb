"""The authority on one account's orders and positions: belief, and the tasks that keep it true.

The exchange worker is built around it; a script that trades without a supervisor has its own.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from lib.bus.protocol import OrderIntent, OrderUpdate
from lib.constants import NS_PER_SECOND, Channel
from lib.errors import ExchangeError
from lib.exchange.binance.account_sync import AccountSync
from lib.exchange.binance.admission import Admission, Say, Ticket
from lib.exchange.binance.balance_keeper import BalanceKeeper
from lib.exchange.binance.closing import Closing
from lib.exchange.binance.dead_man import DeadMan
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.opening import Opening
from lib.exchange.binance.patrol import Patrol
from lib.exchange.binance.posting import OrderPost, Preparation
from lib.exchange.binance.proving import Proving
from lib.exchange.binance.rules_watch import RulesWatch
from lib.exchange.binance.settings_watch import SettingsWatch
from lib.exchange.binance.strangers import Strangers
from lib.exchange.binance.sweeping import Sweeping
from lib.exchange.binance.telling import Telling
from lib.exchange.binance.user_events import NAMES
from lib.exchange.binance.warden import Warden
from lib.factory import AbstractFactory
from lib.helpers import decimal
from lib.journal.abstract_journal import Journal
from lib.journal.none import NoJournal
from lib.logger import AbstractLogger
from lib.oms.account import AccountBook, Change
from lib.oms.countdowns import Countdowns
from lib.oms.custody import Custody
from lib.oms.epochs import Epoch
from lib.oms.hearing import Hearing
from lib.oms.leases import Leases
from lib.oms.lives import Lives
from lib.oms.orders import Orders
from lib.oms.proof import proof_of
from lib.oms.rows import NOTHING, Past, update_of
from lib.oms.tracked import Tracked
from lib.stream.binance.account_stream import BinanceAccountStream
from lib.timer import AbstractTimer

ACCOUNT_LIMIT_SECONDS = 60.0

Spawn = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]


class Ears(NamedTuple):
    """Who is told what, and who has a say."""

    on_order: Callable[[OrderUpdate], None]
    on_change: Callable[[Change], None]
    refusal: Callable[[str], str]
    """Returns why an owner may not add risk now, "" if it may."""
    alarm: Callable[[str], None] = lambda _text: None
    """Told what somebody must look at."""
    notice: Callable[[str], None] = lambda _text: None
    """Told what others have done to a position of ours."""


class Memory(NamedTuple):
    """What outlives the process, and who watches the bots."""

    journal: Journal
    past: Past
    epoch: Epoch
    leases: Leases | None
    """None where bots have no leases."""


def no_memory() -> Memory:
    """Return the memory of a script: none, and nobody to watch."""
    return Memory(NoJournal(), NOTHING, Epoch(1, is_complete=False, facts=[]), None)


class Authority:
    """Follows one account and trades on it.

    Args:
        config: The exchange's section with `key` and `secret`; `name`, `rest_url`, `ws_url`,
            `symbols`, `limits`, `risk`, `dead_man`, `on_crash`, …
        prefixes: Order id prefix -> owner.
        factory: The process's factory.
        timer: The process's timer.
        log: Where it is told what happened.
        spawn: Starts a task whose failure ends the process.
        ears: See `Ears`.
        memory: See `Memory`; none for a script.
    """

    def __init__(
        self,
        config: dict[str, Any],
        prefixes: dict[str, str],
        factory: AbstractFactory,
        timer: AbstractTimer,
        log: AbstractLogger,
        spawn: Spawn,
        ears: Ears,
        memory: Memory | None = None,
    ) -> None:
        """Connect nothing yet; must be made inside a running loop."""
        limit = float(config.get("limits", {}).get(Channel.ACCOUNT, 0)) or ACCOUNT_LIMIT_SECONDS
        self._config = config
        self._ears = ears
        self._timer = timer
        self._log = log
        self._spawn = spawn
        self.journal, past, self.epoch, self.leases = memory or no_memory()
        self._past = past
        self.owners: list[str] = list(config.get("owners", ()))
        self.orders = Orders(prefixes, self.epoch.number, proof_of(config), timer.Timestamp())
        self.lives = Lives()
        self.hearing = Hearing(round(limit * NS_PER_SECOND), timer.Monotonic())
        self.belief = Belief(self.orders, self.lives, self.hearing, {})
        self.book = AccountBook(config["name"], config["symbols"])
        self.gateway = BinanceGateway(config, timer)
        self.gateway.budget.restore(past.facts)
        self.stream = BinanceAccountStream(
            {**config, "events": list(NAMES)}, factory, timer, self.gateway
        )
        self.custody = Custody(config.get("on_crash", {}), self.orders)
        self.warden = Warden(
            config, past.facts, self.orders, self.lives, self.book, self.leases, self.journal,
            timer, log,
        )  # fmt: skip
        self._make_hands(past)

    def _make_hands(self, past: Past) -> None:
        belief, gateway, timer, log = self.belief, self.gateway, self._timer, self._log
        journal = self.journal
        telling = Telling(journal, self.orders.deliveries, timer, self._ears.on_order)
        self.desk = OrderDesk(belief, gateway, timer, log, self._spawn, telling, journal)
        self.desk.on_fill = self.warden.on_fill
        self.strangers = strangers = Strangers(
            self.orders,
            self.warden,
            self._config.get("foreign_orders", "warn"),
            log,
            self._ears.alarm,
            self._ears.notice,
            journal_is_complete=self.epoch.is_complete,
        )
        self.sweeping = Sweeping(
            belief, self.desk, gateway, strangers, journal, past.facts, timer, log
        )
        self.desk.ask = Proving(belief, self.desk, gateway, self.sweeping, timer, log).ask
        self.dead_man = DeadMan(
            Countdowns(
                float(self._config.get("dead_man", 0)),
                self._config["symbols"],
                self._config.get("dead_man_off", ()),
            ),
            self.orders,
            gateway,
            timer,
            log,
            self._spawn,
            self._answers_for,
            covers_stops=self._config.get("dead_man_covers_algo") != "no",
        )
        self.settings = SettingsWatch(self._config, gateway, self.warden, timer, log, self._spawn)
        rules = RulesWatch(belief.rules, gateway, timer, log, self._spawn)
        say = Say(self._refusal, self._last_refusal, self.warden.risk, self.warden.on_refused)
        admission = Admission(
            belief, self.desk, gateway, timer, log, say,
            conditional_entries=bool(
                self._config.get("conditional_entries", self.leases is None)
            ),
        )  # fmt: skip
        self.posting = OrderPost(
            belief, self.desk, gateway, timer, log, admission, journal, self.warden.exits,
            Preparation(
                self._quote, self.dead_man.arm, self.settings.request, rules.request
            ),
        )  # fmt: skip
        self.patrol = Patrol(
            belief, self.book, self.custody, self.warden, gateway, journal, timer, log, self.cancel,
            self._ears.alarm,
        )  # fmt: skip
        self.sync = AccountSync(
            belief, self.book, self.desk, gateway, self.stream, timer, log, self._ears.on_change,
            self.sweeping, strangers, self.settings.request,
        )  # fmt: skip
        gateway.is_opening = lambda: self.sync.is_behind
        self.warden.is_settled = lambda: not (self.sync.is_behind or self.hearing.is_deaf)

    async def open(self) -> None:
        """Learn the rules and read the account; return when the belief is true.

        Waits for an exchange that cannot be reached; closed again when it fails.

        Raises:
            ConfigError: Keys, symbols or the account's mode are not as they must be.
        """
        try:
            former = [row.symbol for row in self._past.orders]
            opening = Opening(self._config, self.gateway, self._timer, self._log)
            self.belief.rules.update(await opening.rules(former))
            self.orders.restore(self._past, self.gateway.now_ns())
            for row in self._past.fills:
                self.warden.on_past_fill(update_of(row))
            self._past = NOTHING
            self.dead_man.countdowns.assume({order.symbol for order in self.orders.open_orders()})
            self._start()
            await self.sync.synced.wait()
            if self.leases is None:
                self.watch()
        except BaseException:
            await self.close()
            raise

    def watch(self) -> None:
        """Begin to hold bots to their leases: they can renew them from now on."""
        now_ns = self._timer.Monotonic()
        for owner in self.lives.owners():
            if self.leases is not None:
                self.leases.greet(owner, self.lives.alive(owner) or 0, now_ns)
        self._spawn(self.patrol.run(), "patrol")

    async def close(self) -> None:
        """Close all connections to the exchange."""
        await self.gateway.close()

    def cancel(self, orders: Iterable[Tracked]) -> None:
        """Cancel orders: a standing wish."""
        self.desk.run(self.orders.want_cancel(orders, self.gateway.now_ns()))

    def closing(self) -> Closing:
        """Return what cancels everything and proves it."""
        return Closing(self.belief, self.book, self.desk, self.gateway, self.strangers, self._timer)

    def trouble(self) -> str:
        """Return why bots should hold back, "" when they need not."""
        if not self.sync.synced.is_set():
            return "the account is not synchronised"
        if self.hearing.is_deaf:
            return "the account stream is deaf"
        trouble = self.journal.trouble or self.gateway.key_trouble
        return trouble or self.gateway.budget.trouble(self.gateway.now_ns())

    def _start(self) -> None:
        balances = BalanceKeeper(self.book, self.gateway, self._timer, self._ears.on_change)
        for work, name in (
            (self.sync.follow(), "account stream"),
            (self.sync.resync(), "resync"),
            (self.sync.tick(), "wishes"),
            (self.sync.check(), "cross-check"),
            (self.sync.keep_clock(), "clock"),
            (balances.keep(), "balance"),
            (self.sync.keep_positions(), "positions"),
            (self.sweeping.keep(), "sweeps"),
            (self.dead_man.keep(), "dead-man switch"),
        ):
            self._spawn(work, name)

    # --- who has a say

    def _refusal(self, ticket: Ticket, intent: OrderIntent) -> str:
        if not self.sync.synced.is_set():
            return "the account is not synchronised"
        if self.hearing.is_deaf:
            return "the account stream is deaf"
        reason = (
            self.gateway.key_trouble or self.journal.trouble or self._ears.refusal(ticket.owner)
        )
        reason = reason or self.warden.refusal(ticket, intent)
        if not reason and intent.symbol in self.sweeping.unclear:
            return f"trades of {intent.symbol} are not accounted for"
        return reason

    def _last_refusal(self, ticket: Ticket, intent: OrderIntent) -> str:
        reason = self._refusal(ticket, intent)
        rests = bool(intent.price) and not intent.stop
        if not reason and rests and not self.dead_man.is_armed(intent.symbol):
            return "the dead-man switch is not armed"
        return reason

    async def _quote(self, symbol: str) -> None:
        if self.warden.wants_quote(symbol):
            with suppress(ExchangeError):
                book = await self.gateway.book(symbol)
                self.warden.on_quote(symbol, decimal(book.bid_price), decimal(book.ask_price))

    def _answers_for(self, order: Tracked) -> bool:
        life = self.lives.alive(order.owner)
        if life is None or life != order.incarnation:
            return False
        if self.leases is None:
            return True
        return not self.leases.lapse(order.owner, life, self._timer.Monotonic())

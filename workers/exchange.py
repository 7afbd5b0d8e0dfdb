"""The exchange worker: the one authority on the orders and positions of one account.

It alone has the keys. It reads the account stream, serves bots' requests, publishes every change
of orders, positions and balances, and cancels what bots leave behind. What is decided stands in
`lib.oms`; this file and its neighbours `exchange_*` connect it with sockets and clocks.
"""

import asyncio
import os
from typing import Any

from lib.bus import endpoints
from lib.bus.aio import Readable
from lib.bus.protocol import Health, OrderUpdate, Roster, topic_of
from lib.bus.sockets import Publisher, Server
from lib.bus.start import Start
from lib.constants import NS_PER_SECOND, Channel
from lib.errors import ConfigError, ExchangeError, OrderRejected, RateLimited
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.rules import check_symbols
from lib.exchange.binance.user_events import NAMES
from lib.exchange.credentials import resolve_keys
from lib.oms.account import AccountBook, Change
from lib.oms.hearing import Hearing
from lib.oms.history import History
from lib.oms.ids import check_prefixes
from lib.oms.lives import Lives
from lib.oms.orders import Orders
from lib.oms.outcomes import KEY_CODES
from lib.stream.binance.account_stream import BinanceAccountStream
from workers.exchange_account import AccountSync
from workers.exchange_closing import Closing
from workers.exchange_desk import Belief, OrderDesk
from workers.exchange_post import OrderPost
from workers.exchange_server import OrderServer
from workers.runtime import AsyncWorker, Vitals, run_worker

REPEAT_SECONDS = 0.25
"""How often the account's topics repeat their sequence."""
AGAIN_SECONDS = 0.5
ACCOUNT_LIMIT_SECONDS = 60.0
COMPONENT = "exchange"
LIFELINE_SECONDS = 2.0
"""How long bots may take to clean up after the supervisor's death."""
CANCEL_SECONDS = 0.7
"""What is left of the three seconds for our own cancels then."""
CLOSE_SECONDS = 7.0


class ExchangeWorker(AsyncWorker):
    """See the module."""

    def __init__(self, start: Start) -> None:
        """Connect nothing yet."""
        super().__init__(start)
        self._config: dict[str, Any] = start.config["exchange"]
        limits = self._config.get("limits", {})
        limit = float(limits.get(Channel.ACCOUNT, 0)) or ACCOUNT_LIMIT_SECONDS
        owners: list[str] = list(self._config.get("owners", ()))
        self._orders = Orders(check_prefixes(start.project, owners))
        self._hearing = Hearing(round(limit * NS_PER_SECOND), self.timer.Monotonic())
        self._belief = Belief(self._orders, Lives(), self._hearing, {})
        self._belief.lives.update(start.roster)
        self._book = AccountBook(self._config["name"], self._config["symbols"])
        self._history = History(start.incarnation)
        self._told: tuple[bool, str] | None = None
        self._alone = False
        self._done: set[str] = set()
        self._opened = False

    async def open(self) -> None:
        """Read what must be known, follow the account, and only then serve bots.

        Raises:
            ConfigError: Keys, symbols or the account's mode are not as they must be.
        """
        config = resolve_keys(self._config, self.start.config["general"], self.factory, self.timer)
        self._publisher = Publisher(
            self.context,
            endpoints.ipc(self.start.run_dir, endpoints.ACCOUNT),
            self.start.incarnation,
            self.timer.Timestamp,
        )
        self._gateway = BinanceGateway(config, self.timer)
        await self._until_known(config["symbols"])
        self._connect_parts(config)
        for work, name in (
            (self._sync.follow(), "account stream"),
            (self._sync.resync(), "resync"),
            (self._sync.tick(), "wishes"),
            (self._sync.check(), "cross-check"),
            (self._sync.keep_clock(), "clock"),
            (self._sync.keep_balance(), "balance"),
            (self._repeat(), "sequences"),
        ):
            self.spawn(work, name)
        await self._sync.synced.wait()
        self._orphans()
        # not bound before: a request must not wait unread while the account is being read
        server = Server(self.context, endpoints.ipc(self.start.run_dir, endpoints.ORDERS))
        self._serve(server)
        readable = Readable(asyncio.get_running_loop(), server, self._server.drain)
        self._server.after_send = readable.check
        self._opened = True
        self._tell_health()
        self.log.info("account synchronised", orders=len(list(self._orders.open_orders())))

    def vitals(self) -> Vitals:
        """Return what the next heartbeat says."""
        if not self._opened:
            return Vitals(ready=False, note="synchronising the account")
        self._tell_health()
        now_ns = self.timer.Monotonic()
        open_count = sum(1 for _ in self._orders.open_orders())
        share = self._gateway.budget.share("weight", self._gateway.now_ns())
        events = self._stream.events
        return Vitals(
            ready=True,
            events=events + self._server.served,
            dropped=self._stream.malformed + self._sync.bad_events + self._server.bad_frames,
            ages={Channel.ACCOUNT.value: {"ALL": self._hearing.age(now_ns)}},
            links=self._stream.links(),
            counts={f"{Channel.ACCOUNT}:ALL": events},
            note=f"{open_count} open orders, {self._orders.counts['fills']} fills, "
            f"weight {share:.0%}",
        )

    def on_roster(self, roster: Roster) -> None:
        """Cancel what ended lives left; nothing of theirs is sent any more."""
        for owner, incarnation in self._belief.lives.update(roster.lives):
            if self._opened:
                left = self._orders.ended(owner, incarnation)
                self.log.info("bot's life ended", owner=owner, orders=len(left))
                self._desk.run(self._orders.want_cancel(left, self._gateway.now_ns()))

    def on_command(self, action: str, args: list[Any]) -> None:
        """Obey `reconnect`, and the test hook `hang`."""
        if action == "reconnect" and self._opened:
            self._stream.reconnect()
        elif action == "hang" and os.environ.get("TICKVISOR_TEST_HOOKS") == "1":
            while True:
                pass

    async def close(self, reason: str) -> None:
        """Cancel what is left, verify, and say what stays on purpose."""
        if not self._opened:
            return
        closing = Closing(self._belief, self._book, self._desk, self._gateway, self.timer)
        if reason == "lifeline":
            self._alone = True
            await self._until_bots_are_done()
            await closing.cancel_all(CANCEL_SECONDS)
        else:
            await closing.cancel_all(CLOSE_SECONDS)
            if closing.kept:
                self.report("kept", {"orders": closing.kept})
            if closing.stuck:
                self.log.error("orders left that should be gone", orders=closing.stuck)
                self.report("stuck", {"orders": closing.stuck})
        await self._gateway.close()

    # --- inside

    def _connect_parts(self, config: dict[str, Any]) -> None:
        stream_config = {**config, "events": list(NAMES)}
        self._stream = BinanceAccountStream(stream_config, self.factory, self.timer, self._gateway)
        self._desk = OrderDesk(
            self._belief, self._gateway, self.timer, self.log, self.spawn, self._publish_order
        )
        self._sync = AccountSync(
            self._belief,
            self._book,
            self._desk,
            self._gateway,
            self._stream,
            self.timer,
            self.log,
            self._publish_change,
        )

    def _serve(self, server: Server) -> None:
        post = OrderPost(
            self._belief, self._desk, self._gateway, self.timer, self.log, self._refusal
        )
        self._server = OrderServer(
            self._belief,
            self._book,
            self._desk,
            post,
            self._gateway,
            self._history,
            self._publisher,
            server,
            self.timer,
            self.log,
            self.spawn,
            self._health,
            self._on_bye,
        )

    async def _until_known(self, symbols: list[str]) -> None:
        while True:
            try:
                await self._gateway.sync_clock()
                rules, limits = await self._gateway.exchange_info()
                hedged = await self._gateway.is_hedge_mode()
                break
            except OrderRejected as error:
                if error.code in KEY_CODES or error.code == -1022:
                    url = self._config["rest_url"]
                    raise ConfigError(f"{url} refuses the API key: {error}") from error
                self.log.warning("exchange refused", error=str(error))
            except ExchangeError as error:
                self.log.warning("exchange not reached", error=str(error))
                if isinstance(error, RateLimited):
                    await self.timer.SleepAsync(error.retry_after)
            await self.timer.SleepAsync(AGAIN_SECONDS)
        check_symbols(symbols, rules, self._config["rest_url"])
        if hedged:
            raise ConfigError(
                "the account is in hedge mode; Tickvisor needs one-way mode "
                "(position mode in the exchange's futures preferences)"
            )
        self._gateway.budget.set_limits(limits)
        self._belief.rules.update({symbol: rules[symbol] for symbol in symbols})

    def _orphans(self) -> None:
        # Orders from before this life whose owner is not alive either.
        alive = self._belief.lives.owners()
        left = [
            order
            for order in self._orders.open_orders()
            if order.owner not in alive and not order.is_stop
        ]
        if left:
            self.log.warning("orders of dead bots cancelled", ids=[order.id for order in left])
        self._desk.run(self._orders.want_cancel(left, self._gateway.now_ns()))

    async def _repeat(self) -> None:
        while True:
            self._publisher.repeat_sequences()
            await self.timer.SleepAsync(REPEAT_SECONDS)

    def _publish_order(self, update: OrderUpdate) -> None:
        self._publisher.send(update)
        self._history.add(self._publisher.sequences[topic_of(update)], update)

    def _publish_change(self, change: Change) -> None:
        self._publisher.send(change)

    def _health(self) -> tuple[bool, str]:
        reason = ""
        if not self._sync.synced.is_set():
            reason = "the account is not synchronised"
        elif self._hearing.is_deaf:
            reason = "the account stream is deaf"
        elif self._alone:
            reason = "the supervisor is gone"
        else:
            reason = self._gateway.budget.trouble(self._gateway.now_ns())
        return not reason, reason

    def _tell_health(self) -> None:
        health = self._health()
        if health != self._told:
            self._told = health
            self._publisher.send(Health(COMPONENT, *health))
            self.log.info("online" if health[0] else "offline", reason=health[1])

    def _refusal(self, owner: str) -> str:
        if not self._sync.synced.is_set():
            return "the account is not synchronised"
        if self._alone:
            return "the supervisor is gone"
        if {owner, "*"} & set(self.roster.halted):
            return "halted"
        return ""

    def _on_bye(self, owner: str) -> None:
        self._done.add(owner)

    async def _until_bots_are_done(self) -> None:
        end_ns = self.timer.Monotonic() + round(LIFELINE_SECONDS * NS_PER_SECOND)
        while self.timer.Monotonic() < end_ns:
            if self._done.issuperset(self._belief.lives.owners()):
                return
            await self.timer.SleepAsync(0.02)


def main(start: Start) -> int:
    """Run one exchange worker; return its exit code."""
    return run_worker(ExchangeWorker, start)

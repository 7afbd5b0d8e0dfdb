"""The exchange worker: the one authority on the orders and positions of one account.

It alone has the keys. It reads the account stream, serves bots' requests, publishes every change
of orders, positions and balances, and cancels what bots leave behind. What is decided stands in
`lib.oms`, what talks to the exchange in `lib.exchange`; here they meet the bus.
"""

import asyncio
import os
from typing import Any

from lib.bus import endpoints
from lib.bus.aio import Readable
from lib.bus.protocol import Health, OrderUpdate, Roster, topic_of
from lib.bus.request_sockets import Server
from lib.bus.sockets import Publisher
from lib.bus.start import Start
from lib.constants import NS_PER_SECOND, Channel
from lib.exchange.binance.authority import Authority, Ears
from lib.exchange.credentials import resolve_keys
from lib.oms.account import Change
from lib.oms.history import History
from lib.oms.rows import row_of
from workers.exchange_admin import ExchangeAdmin
from workers.exchange_market import MarketWatch
from workers.exchange_memory import ExchangeMemory
from workers.exchange_server import Lines, OrderServer
from workers.runtime import AsyncWorker, Vitals, run_worker
from workers.secrets import keep_login, resolve_secrets

REPEAT_SECONDS = 0.25
"""How often the account's topics repeat their sequence."""
COMPONENT = "exchange"
ALONE = "the supervisor is gone"
LIFELINE_SECONDS = 2.0
"""How long bots may take to clean up after the supervisor's death."""
CANCEL_SECONDS = 0.7
"""What is left of the three seconds for our own cancels then."""
CLOSE_SECONDS = 7.0
STEP_SECONDS = 0.02


class ExchangeWorker(AsyncWorker):
    """See the module."""

    def __init__(self, start: Start) -> None:
        """Connect nothing yet."""
        super().__init__(start)
        self._config: dict[str, Any] = start.config["exchange"]
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
        # only here do `${…}` become keys, and does this process get the variables that hold them
        full = resolve_secrets(self.start.config)
        config = resolve_keys(full["exchange"], full["general"], self.factory, self.timer)
        self._memory = ExchangeMemory(self.start, config, self.timer)
        try:
            await self._open(config)
            self.spawn(keep_login(full, self.factory, self.timer, self.log), "vault login")
        except BaseException:
            await self._memory.close()
            raise

    async def _open(self, config: dict[str, Any]) -> None:
        memory, prefixes = await self._memory.open()
        self._publisher = Publisher(
            self.context,
            endpoints.ipc(self.start.run_dir, endpoints.ACCOUNT),
            self.start.incarnation,
            self.timer.Timestamp,
        )
        ears = Ears(self._publish_order, self._publish_change, self._refusal, self._alarm)
        self._authority = Authority(
            config, prefixes, self.factory, self.timer, self.log, self.spawn, ears, memory
        )
        self._market = MarketWatch(
            self.context, self.start, config["symbols"], self._authority.warden.on_book
        )
        self._authority.lives.update(self.roster.lives)
        if memory.journal.trouble:
            self._alarm(memory.journal.trouble)
        await self._authority.open()
        self._drop_orphans()
        self._serve()
        self._authority.watch()
        self._admin = ExchangeAdmin(
            self._authority,
            self._memory.journal,
            self.start.project,
            self.timer,
            self.log,
            self.spawn,
            self.report,
        )
        self.spawn(self._repeat(), "sequences")
        self._opened = True
        self._tell_health()
        orders = len(list(self._authority.orders.open_orders()))
        self.log.info("account synchronised", orders=orders)

    def vitals(self) -> Vitals:
        """Return what the next heartbeat says."""
        if not self._opened:
            return Vitals(ready=False, note="synchronising the account")
        self._tell_health()
        authority = self._authority
        stream, sync = authority.stream, authority.sync
        open_count = sum(1 for _ in authority.orders.open_orders())
        share = authority.gateway.budget.share("weight", authority.gateway.now_ns())
        age_ns = authority.hearing.age(self.timer.Monotonic())
        return Vitals(
            ready=True,
            events=stream.events + self._server.served,
            dropped=stream.malformed + sync.bad_events + self._server.bad_frames,
            ages={Channel.ACCOUNT.value: {"ALL": age_ns}},
            links=stream.links(),
            counts={f"{Channel.ACCOUNT}:ALL": stream.events},
            note=f"{open_count} open orders, {authority.orders.counts['fills']} fills, "
            f"weight {share:.0%}",
        )

    def on_roster(self, roster: Roster) -> None:
        """Cancel what ended lives left; nothing of theirs is sent any more."""
        if not self._opened:
            return
        authority = self._authority
        for owner, incarnation in authority.lives.update(roster.lives):
            left = authority.custody.ended(owner, incarnation, self.timer.Monotonic())
            self.log.info("bot's life ended", owner=owner, orders=len(left))
            authority.cancel(left)
            authority.desk.telling.flush()

    def on_command(self, action: str, args: list[Any]) -> None:
        """Obey `reconnect`, and the test hook `hang`."""
        if action == "reconnect" and self._opened:
            self._authority.stream.reconnect()
        elif self._opened and self._admin.handle(action, args):
            return
        elif action == "hang" and os.environ.get("TICKVISOR_TEST_HOOKS") == "1":
            while True:
                pass

    async def close(self, reason: str) -> None:
        """Cancel what is left, verify, and say what stays on purpose."""
        if self._opened:
            await self._clear(reason)
            self._readable.close()
            self._market.close()
            await self._authority.close()
            await self._memory.close()

    async def _clear(self, reason: str) -> None:
        closing = self._authority.closing()
        if reason == "lifeline":
            self._alone = True
            await self._until_bots_are_done()
            await closing.cancel_all(CANCEL_SECONDS)
            return
        await closing.cancel_all(CLOSE_SECONDS)
        for order in closing.stops:
            order.kept = True
            self._authority.journal.put([row_of(order)])
        if closing.kept:
            self.report("kept", {"orders": closing.kept})
        if closing.stuck:
            self.log.error("orders left that should be gone", orders=closing.stuck)
            self.report("stuck", {"orders": closing.stuck})
        await self._release(closing.stuck)

    async def _release(self, stuck: list[str]) -> None:
        # The countdowns stop only where it is proven that nothing rests.
        dead_man = self._authority.dead_man
        armed = dead_man.countdowns.armed()
        if not stuck:
            armed = await dead_man.release(armed)
        if armed:
            self.log.error("dead-man switch left armed", symbols=armed)
            self.report("armed", {"message": "left armed: " + ", ".join(armed), "symbols": armed})
        if not stuck and not armed:
            self._memory.note_clean()

    # --- inside

    def _serve(self) -> None:
        # Not bound before: a request must not wait unread while the account is being read.
        server = Server(self.context, endpoints.ipc(self.start.run_dir, endpoints.ORDERS))
        lines = Lines(server, self._publisher, self._history)
        self._server = OrderServer(
            self._authority, lines, self.timer, self.log, self.spawn, self._health, self._done.add
        )
        self._readable = Readable(asyncio.get_running_loop(), server, self._server.drain)
        self._server.after_send = self._readable.check

    def _drop_orphans(self) -> None:
        # Orders from before this life whose owner is not alive either, or has another life now.
        authority, now_ns = self._authority, self.timer.Monotonic()
        authority.lives.update(self.roster.lives)
        alive = {owner: authority.lives.alive(owner) or 0 for owner in authority.lives.owners()}
        left = authority.custody.start(alive, now_ns)
        if left:
            self.log.warning("orders of dead bots cancelled", ids=[order.id for order in left])
        authority.cancel(left)

    async def _repeat(self) -> None:
        while True:
            self._publisher.repeat_sequences()
            await self.timer.SleepAsync(REPEAT_SECONDS)

    def _publish_order(self, update: OrderUpdate) -> None:
        self._publisher.send(update)
        self._history.add(self._publisher.sequences[topic_of(update)], update)

    def _alarm(self, text: str) -> None:
        self.report("alarm", {"message": text})

    def _publish_change(self, change: Change) -> None:
        self._publisher.send(change)

    def _health(self) -> tuple[bool, str]:
        reason = ALONE if self._alone else self._authority.trouble()
        return not reason, reason

    def _tell_health(self) -> None:
        health = self._health()
        if health != self._told:
            self._told = health
            self._publisher.send(Health(COMPONENT, *health))
            self.log.info("online" if health[0] else "offline", reason=health[1])

    def _refusal(self, owner: str) -> str:
        if self._alone:
            return ALONE
        return "halted" if {owner, "*"} & set(self.roster.halted) else ""

    async def _until_bots_are_done(self) -> None:
        end_ns = self.timer.Monotonic() + round(LIFELINE_SECONDS * NS_PER_SECOND)
        while self.timer.Monotonic() < end_ns:
            if self._done.issuperset(self._authority.lives.owners()):
                return
            await self.timer.SleepAsync(STEP_SECONDS)


def main(start: Start) -> int:
    """Run one exchange worker; return its exit code."""
    return run_worker(ExchangeWorker, start)

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
from lib.bus.sockets import RECONNECTED_SECONDS, Publisher
from lib.bus.start import Start
from lib.constants import Channel, ExitCode
from lib.exchange.binance.authority import Authority, Ears
from lib.exchange.credentials import resolve_keys
from lib.oms.history import History
from lib.oms.proof import proof_of
from workers.exchange_admin import ExchangeAdmin
from workers.exchange_farewell import Farewell
from workers.exchange_learning import Learning
from workers.exchange_leaving import Leaving
from workers.exchange_market import MarketWatch
from workers.exchange_memory import ExchangeMemory
from workers.exchange_reach import REACH, Reach
from workers.exchange_server import Lines, OrderServer
from workers.runtime import AsyncWorker, Vitals, run_worker
from workers.secrets import keep_login, resolve_secrets

REPEAT_SECONDS = 0.25
"""How often the account's topics repeat their sequence, and we our health: a bot may have missed
it, or have asked at a bad moment that was over before we looked ourselves."""
COMPONENT = "exchange"
ALONE = "the supervisor is gone"
STARTING = "bots find their way back"


class ExchangeWorker(AsyncWorker):
    """See the module."""

    def __init__(self, start: Start) -> None:
        """Connect nothing yet."""
        super().__init__(start)
        self._config: dict[str, Any] = start.config["exchange"]
        self.close_seconds = proof_of(self._config).grace_seconds
        self._history = History(start.incarnation)
        self._told: tuple[bool, str] | None = None
        self._reason = STARTING
        self._farewell = Farewell(self.timer, lambda: self.roster.run_state)
        self._opened = False
        self._stale: dict[str, str] = {}
        self._reach = Reach(self.timer, self.spawn)

    async def open(self) -> None:
        """Read what must be known, follow the account, and only then serve bots.

        Raises:
            ConfigError: Keys, symbols or the account's mode are not as they must be.
        """
        # only here do `${…}` become keys, and does this process get the variables that hold them
        full = resolve_secrets(self.start.config)
        config = resolve_keys(full["exchange"], full["general"], self.factory, self.timer)
        self._memory = ExchangeMemory(self.start, config, self.timer, self._hand_over)
        try:
            await self._open(config)
            self.spawn(keep_login(full, self.factory, self.timer, self.log), "vault login")
        except BaseException:
            if self._memory.is_untouched:
                self._memory.note_clean()
                self.report("clean", {})
            await self._memory.close()
            raise

    async def _open(self, config: dict[str, Any]) -> None:
        memory, prefixes = await self._memory.open()
        address = endpoints.ipc(self.start.run_dir, endpoints.ACCOUNT)
        self._publisher = Publisher(
            self.context, address, self.start.incarnation, self.timer.Timestamp
        )
        tell = (self._publish_order, self._publisher.send)
        ears = Ears(*tell, self._refusal, self._alarm, self._notice)
        self._authority = Authority(
            config, prefixes, self.factory, self.timer, self.log, self.spawn, ears, memory
        )
        self._authority.warden.stale = self._stale
        self._reach.gateway = self._authority.gateway
        self._market = MarketWatch(
            self.context, self.start, config["symbols"], self._authority.warden.on_book
        )
        self._authority.lives.update(self.roster.lives)
        if memory.journal.trouble:
            self._alarm(memory.journal.trouble)
        if self._memory.journal is not None and self._memory.journal.lost:
            self._alarm("the orders' journal was torn: halts and the day's results begin anew")
        await self._authority.open()
        self._drop_orphans()
        self._memory.is_untouched = False
        self._serve()
        self._authority.watch()
        self._admin = ExchangeAdmin(
            self._authority, self._memory.journal, self.start.project, self.timer, self.log,
            self.spawn, self.report,
        )  # fmt: skip
        learning = Learning(config, self.start.project, self._authority, self._market, self.log)
        self._admin.offer("learn", learning.learn)
        self.spawn(self._repeat(), "sequences")
        self._opened = True
        self.spawn(self._welcome(), "welcome")
        self.log.info("account synchronised", orders=len([*self._authority.orders.open_orders()]))

    def vitals(self) -> Vitals:
        """Return what the next heartbeat says."""
        if not self._opened:
            return Vitals(ready=False, links=self._reach.links(), note="synchronising the account")
        self._tell_health()
        authority = self._authority
        stream, sync = authority.stream, authority.sync
        open_count = sum(1 for _ in authority.orders.open_orders())
        share = authority.gateway.budget.share("weight", authority.gateway.now_ns())
        bad = stream.malformed + sync.bad_events + self._server.bad_frames
        # who may not ask is neither silent nor deaf
        held = self._reach.is_held()
        age_ns = authority.hearing.age(self.timer.Monotonic())
        return Vitals(
            ready=True,
            events=stream.events + self._server.served,
            dropped=bad,
            ages={} if held else {Channel.ACCOUNT.value: {"ALL": age_ns}},
            links={} if held else {**stream.links(), **self._reach.links()},
            counts={f"{Channel.ACCOUNT}:ALL": stream.events},
            note=f"{open_count} open orders, {authority.orders.counts['fills']} fills, "
            f"weight {share:.0%}",
            errors=bad,
        )

    def on_roster(self, roster: Roster) -> None:
        """Cancel what ended lives left; nothing of theirs is sent any more."""
        if not self._opened:
            return
        authority = self._authority
        self._market.hear(roster.lives)
        for owner, incarnation in authority.lives.update(roster.lives):
            left = authority.custody.ended(owner, incarnation, self.timer.Monotonic())
            self.log.info("bot's life ended", owner=owner, orders=len(left))
            authority.cancel(left)
            authority.desk.telling.flush()

    def on_health(self, health: Health) -> None:
        """Refuse new risk in a symbol whose book is stale by the supervisor's limit."""
        channel, _, symbol = health.component.partition(":")
        if channel == Channel.BOOK:
            self._stale.pop(symbol, "")
            if not health.healthy:
                self._stale[symbol] = health.reason

    def on_command(self, action: str, args: list[Any]) -> None:
        """Obey `reconnect` and `reach`, and the test hook `hang`."""
        if action == REACH:
            self._reach.ask()
        elif action == "reconnect" and self._opened:
            self._authority.stream.reconnect()
        elif self._opened and self._admin.handle(action, args):
            return
        elif action == "hang" and os.environ.get("TICKVISOR_TEST_HOOKS") == "1":
            while True:
                pass

    async def close(self, reason: str) -> None:
        """Cancel what is left, verify, and say what stays on purpose.

        At a handover nothing is cancelled: orders, journal and countdowns go to the next life,
        which takes them over as it would those of a life that crashed.
        """
        if self._opened:
            if reason != "handover":
                await self._leave(reason)
            self._readable.close()
            self._market.close()
            await self._authority.close()
            await self._memory.close()

    async def _leave(self, reason: str) -> None:
        leaving = Leaving(
            self._authority, self._memory, self._farewell, self.timer, self.log, self.report
        )
        if reason == "lifeline":
            self._reason = ALONE
            await leaving.leave_alone()
        else:
            await leaving.leave()

    # --- inside

    def _serve(self) -> None:
        # Not bound before: a request must not wait unread while the account is being read.
        server = Server(self.context, endpoints.ipc(self.start.run_dir, endpoints.ORDERS))
        lines = Lines(server, self._publisher, self._history)
        self._server = OrderServer(
            self._authority,
            lines,
            self.timer,
            self.log,
            self.spawn,
            self._health,
            self._farewell.done.add,
        )
        self._readable = Readable(asyncio.get_running_loop(), server, self._server.drain)
        self._server.after_send = self._readable.soon

    async def _welcome(self) -> None:
        # Told before, the bots' first orders would find nobody.
        await self.timer.SleepAsync(RECONNECTED_SECONDS)
        if self._reason == STARTING:
            self._reason = ""
            self._tell_health()

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
            self._tell_health(again=True)
            await self.timer.SleepAsync(REPEAT_SECONDS)

    def _hand_over(self, reason: str) -> None:
        # exit code 1: nobody asked, so that the supervisor starts the next life at once
        self.log.error("handed over to a new life", reason=reason)
        self._finish(ExitCode.ERROR, "handover")

    def _publish_order(self, update: OrderUpdate) -> None:
        self._publisher.send(update)
        self._history.add(self._publisher.sequences[topic_of(update)], update)

    def _alarm(self, text: str) -> None:
        self.report("alarm", {"message": text})

    def _notice(self, text: str) -> None:
        # By the channel of our own health, since a bot listens to no other of ours.
        self.log.warning("position changed by others", what=text)
        healthy, reason = self._health()
        self._publisher.send(Health(COMPONENT, healthy, text if healthy else f"{reason}; {text}"))

    def _health(self) -> tuple[bool, str]:
        reason = self._reason or self._authority.trouble()
        return not reason, reason

    def _tell_health(self, *, again: bool = False) -> None:
        health = self._health()
        is_new = health != self._told
        self._told = health
        if is_new or again:
            self._publisher.send(Health(COMPONENT, *health))
        if is_new:
            self.log.info("online" if health[0] else "offline", reason=health[1])

    def _refusal(self, owner: str) -> str:
        if self._reason == ALONE:
            return ALONE
        return "halted" if {owner, "*"} & set(self.roster.halted) else ""


def main(start: Start) -> int:
    """Run one exchange worker; return its exit code."""
    return run_worker(ExchangeWorker, start)

"""Takes in what reaches a bot worker and keeps its heart beating; calls none of its handlers."""

import os
from collections import deque
from collections.abc import Callable
from typing import Any

from lib.bus.protocol import (
    Ask,
    Book,
    Candle,
    Command,
    Header,
    Health,
    Heartbeat,
    Message,
    Report,
    Roster,
    Trade,
)
from lib.bus.sequence import Sequences
from lib.bus.start import Start
from lib.constants import MARKET_CHANNELS, NS_PER_MS, NS_PER_SECOND, Channel, WorkerState
from lib.exchange.bus_desk import Desk
from lib.freshness import Freshness
from lib.logger import AbstractLogger
from lib.timer import AbstractTimer
from workers.bot_guard import Guard
from workers.bot_inbox import Inbox
from workers.bot_links import Links, drain

BOOK_LIMIT_SECONDS = 30.0
"""Age beyond which a book is stale where the config gives no fixed limit."""
MESSAGES = 1000
"""Messages of operators and other bots that wait at most."""
TEST_HOOKS = "TICKVISOR_TEST_HOOKS"
_KINDS = {Book: Channel.BOOK, Trade: Channel.TRADE, Candle: Channel.CANDLE}


class Host:
    """The process around a bot; also what its `BusExchange` and its `restart` talk to.

    Args:
        start: The worker's birth certificate.
        timer: The process's timer.
        log: The worker's logger.
        guard: Knows whether the process is to end.
    """

    def __init__(
        self, start: Start, timer: AbstractTimer, log: AbstractLogger, guard: Guard
    ) -> None:
        """Open the sockets; nothing is asked yet."""
        part = start.config["bot"]
        self.start = start
        self.timer = timer
        self.owner = start.name.removeprefix("bot:")
        self.symbol = self.owner.rpartition(":")[2]
        others = [symbol for symbol in part.get("symbols", []) if symbol != self.symbol]
        symbols = self._symbols = [self.symbol, *dict.fromkeys(others)]
        self.links = Links(
            start,
            self.owner,
            symbols,
            timer.Timestamp,
            guard.fd,
            lambda reason: log.warning("bad frame", reason=reason),
        )
        limits = part.get("limits") or {}
        self.desk = Desk(
            start.project,
            self.owner,
            start.incarnation,
            self.links.orders.send,
            round(limits.get(Channel.BOOK, BOOK_LIMIT_SECONDS) * NS_PER_SECOND),
        )
        self.inbox = Inbox(live_candles=bool(part.get("live_candles")))
        self.messages: deque[Command] = deque(maxlen=MESSAGES)
        self.state = WorkerState.STARTING
        self.note: Callable[[], str] = str
        self.errors = 0
        """Exceptions of handlers that the bot lives on after."""
        self.delay_ns = 0
        """The longest that an event waited since the last beat."""
        self.events = 0
        """Events that the bot's handlers have got."""
        self._is_made = False
        self.cleaning = False
        self._log = log
        self._guard = guard
        now_ns = timer.Monotonic()
        watched = [kind for kind in _KINDS.values() if kind is Channel.BOOK or kind in limits]
        self._fresh = Freshness(now_ns, [(kind, symbol) for kind in watched for symbol in symbols])
        self._sequences = Sequences()
        self._links_ns = {"market": now_ns, "account": now_ns}
        self._beat_ns = now_ns
        self._was_on_roster = False

    # --- what a bot and its exchange ask for ---

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Take messages in until `done()`; see `lib.exchange.bus_exchange.BusHost`."""
        end_ns = self.timer.Monotonic() + round(seconds * NS_PER_SECOND)
        while not done() and (self.cleaning or not self._guard.reason):
            now_ns = self.timer.Monotonic()
            if now_ns >= end_ns:
                break
            self.turn(end_ns)
        return done()

    def refresh(self) -> None:
        """Take in what has arrived."""
        self.turn(self.timer.Monotonic())

    def restart(self, target: str, reason: str) -> None:
        """Ask the supervisor for a restart."""
        self._log.warning("asked for a restart", target=target or self.start.name, reason=reason)
        self.links.pusher.send(Ask(self.start.name, target, reason))

    def send(self, target: str, message: str) -> None:
        """Have the supervisor bring a message to other bots."""
        self.report("message", {"to": target, "text": message})

    def report(self, kind: str, facts: dict[str, Any]) -> None:
        """Tell the supervisor a fact."""
        self.links.pusher.send(Report(self.start.name, kind, facts))

    # --- one turn ---

    def turn(self, until_ns: int) -> None:
        """Wait for messages, at most until a time; take them in; beat if it is due."""
        now_ns = self.timer.Monotonic()
        due_ns = min(until_ns, self.desk.deadline() or until_ns)
        if self._is_made:
            due_ns = min(due_ns, self._beat_ns)
        if self.links.poll(max(0, -(-(due_ns - now_ns) // NS_PER_MS))):
            self.links.forget_lifeline()
            self._guard.end("lifeline")
        self._guard.drain()
        now_ns = self.timer.Monotonic()
        if self._guard.reason == "lifeline":
            self.desk.line.closed = "the supervisor is gone"
        for _, _, message in drain(self.links.lifecycle):
            self._on_lifecycle(message)
        for request_id, payload in self.links.orders.receive():
            self.desk.on_reply(request_id, payload, now_ns)
        for name, header, message in drain(self.links.account):
            self._links_ns["account"] = now_ns
            self.desk.on_account(name, header, message, now_ns)
        for name, header, message in drain(self.links.market):
            self._on_market(name, header, message, now_ns)
        self.desk.tick(now_ns)
        self._beat(now_ns)

    def made(self, note: Callable[[], str]) -> None:
        """Begin to beat: the bot's constructor has returned.

        Not before: imports and warm-up may take longer than a beat, and have their own limit.
        """
        self.note = note
        self._is_made = True
        self._beat_ns = self.timer.Monotonic()

    def await_exchange(self) -> None:
        """Wait until the exchange worker has answered, however long, beating meanwhile."""
        self.made(lambda: "waits for the exchange worker")
        while self.desk.rules is None and not self._guard.reason:
            self.turn(self.timer.Monotonic() + NS_PER_SECOND)

    @property
    def is_ready(self) -> bool:
        """Return whether the account was synchronised and the own book seen, once."""
        return self.desk.rules is not None and self.desk.book is not None

    @property
    def dropped(self) -> int:
        """Return how many events the bot did not get: skipped, or lost on the way."""
        return self.inbox.dropped + self._sequences.lost

    def beat(self) -> None:
        """Send a heartbeat now."""
        self._beat_ns = self.timer.Monotonic()
        self._beat(self._beat_ns)

    def _beat(self, now_ns: int) -> None:
        if not self._is_made:
            return
        if self.state is WorkerState.STARTING and self.is_ready:
            # At once: others wait for it.
            self.state = WorkerState.READY
        elif now_ns < self._beat_ns:
            return
        lag_ns = max(0, now_ns - self._beat_ns)
        self._beat_ns = max(self._beat_ns + self.start.heartbeat_ns, now_ns)
        self.links.pusher.send(
            Heartbeat(
                worker=self.start.name,
                state=self.state.value,
                lag_ns=lag_ns,
                events=self.events,
                dropped=self.dropped,
                ages=self._fresh.ages(now_ns),
                links={name: now_ns - at_ns for name, at_ns in self._links_ns.items()},
                counts=self._fresh.counts(),
                note=self.note(),
                errors=self.errors,
                delay_ns=self.delay_ns,
            )
        )
        self.delay_ns = 0

    def _on_market(self, name: bytes, header: Header, message: Message | None, now_ns: int) -> None:
        self._links_ns["market"] = now_ns
        # Replicas number their messages apart.
        self._sequences.see(b"%s%d" % (name, header.incarnation), header, quiet=message is None)
        if message is None:
            return
        event = self.inbox.add(header, message)
        if event is None:
            return
        # The first one after a subscription may have waited for us: it is no younger for that.
        seen_ns = now_ns - max(0, self.timer.Timestamp() - header.published_ns)
        self._fresh.see(_KINDS[type(event)], event.symbol, seen_ns)
        if isinstance(event, Book) and event.symbol == self.symbol:
            self.desk.on_book(event, seen_ns)

    def _on_lifecycle(self, message: Message | None) -> None:
        match message:
            case Roster():
                self.desk.line.on_roster(message)
                self.links.hear(message.lives)
                self._check_own_life(message)
            case Command(action="resubscribe"):
                self._log.info("resubscribing")
                self.links.reopen(self.links.market)
            case Command(action="message"):
                self.messages.append(message)
            case Command(action="deafen") if os.environ.get(TEST_HOOKS) == "1":
                self.links.deafen()
            case Health():
                self._on_health(message)
            case _:
                pass

    def _on_health(self, health: Health) -> None:
        channel, _, symbol = health.component.partition(":")
        if channel in MARKET_CHANNELS:
            self.desk.line.on_health(health)
            if symbol not in self._symbols:
                return
        self.desk.events.append(health)

    def _check_own_life(self, roster: Roster) -> None:
        lives = [row[1] for row in roster.lives if row[0] == self.start.name]
        if self.start.incarnation in lives:
            self._was_on_roster = True
        elif self._was_on_roster or any(life > self.start.incarnation for life in lives):
            self._log.warning("this life is over by the roster")
            self.desk.line.closed = "this life is over"
            self._guard.end("fenced")

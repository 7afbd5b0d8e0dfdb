"""Keeps the belief about one account true: stream events in, REST reads where they are needed."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.errors import ExchangeError, ProtocolError, RateLimited
from lib.exchange.binance.desk import Belief, OrderDesk
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.strangers import Strangers
from lib.exchange.binance.sweeping import Sweeping
from lib.exchange.binance.user_events import SETTINGS_EVENT, parse_user_event
from lib.logger import AbstractLogger
from lib.oms.account import AccountBook, Change
from lib.oms.events import (
    AccountReport,
    OrderReport,
    PositionReport,
    StreamNotice,
)
from lib.oms.ids import intent_id
from lib.oms.reconcile import compare
from lib.stream.binance.account_stream import (
    AccountEvent,
    BinanceAccountStream,
    Connected,
    Lost,
)
from lib.timer import AbstractTimer

TICK_SECONDS = 0.05
"""How often standing wishes and silence are looked at."""
AGAIN_SECONDS = 0.5
"""Wait after a read that failed; a rate limit says its own."""
AFTER_GAP_NS = 1_500 * NS_PER_MS
"""A read right after a gap may lag behind: it is repeated after this."""
EVERY_NS = 300 * NS_PER_SECOND
"""Between two full reads when nothing else asks for one."""
POSITIONS_SECONDS = 4.0
NEVER_NS = 1 << 63
CLOCK_SECONDS = 60.0


class AccountSync:
    """Follows the account stream and reads the account after every gap.

    Args:
        belief: Orders, lives, hearing and rules.
        book: Positions and balances.
        desk: Does what follows.
        gateway: The exchange.
        stream: The account stream.
        timer: The process's timer.
        log: The worker's logger.
        publish: Tells everybody about a position or balance.
        sweeping: Reads trades again.
        strangers: Tells orders that are not ours.
        on_settings: Told that the account's settings have changed.
    """

    def __init__(
        self,
        belief: Belief,
        book: AccountBook,
        desk: OrderDesk,
        gateway: BinanceGateway,
        stream: BinanceAccountStream,
        timer: AbstractTimer,
        log: AbstractLogger,
        publish: Callable[[Change], None],
        sweeping: Sweeping,
        strangers: Strangers,
        on_settings: Callable[[], None],
    ) -> None:
        """Know nothing yet."""
        self._belief = belief
        self._book = book
        self._desk = desk
        self._gateway = gateway
        self._stream = stream
        self._timer = timer
        self._log = log
        self._publish = publish
        self._sweeping = sweeping
        self._strangers = strangers
        self._on_settings = on_settings
        self._positions_ns = 0
        self._buffer: list[dict[str, Any]] | None = []
        self._gap = asyncio.Event()
        self._check_ns = NEVER_NS
        self.synced = asyncio.Event()
        self.is_behind = True
        """Whether there is a gap of which the account has not been read since."""
        self.bad_events = 0
        self.checks = 0
        self.corrections = 0

    # --- tasks

    async def follow(self) -> None:
        """Read the account stream for ever."""
        await self._stream.Run(self.on_event)

    async def resync(self) -> None:
        """Read the whole account after each new connection, for ever."""
        while True:
            await self._gap.wait()
            self._gap.clear()
            try:
                await self._read_all()
                await self._sweeping.sweep_all(self.symbols())
            except ExchangeError as error:
                self._log.warning("account not read", error=str(error))
                self._gap.set()
                await self._timer.SleepAsync(_pause(error))
                continue
            if not self._gap.is_set() and self._stream.is_connected():
                self._flush()
                self.synced.set()
                self.is_behind = False
                self._check_ns = self._timer.Monotonic() + AFTER_GAP_NS

    def request(self) -> None:
        """Have the account read and swept again at once."""
        self._check_ns = 0
        self._sweeping.schedule(self.symbols())

    def symbols(self) -> list[str]:
        """Return the symbols of which an order or a position of ours is known."""
        held = {symbol for symbol in self._book.symbols() if not self._book.is_flat(symbol)}
        return sorted((held | self._belief.orders.symbols()) & self._belief.rules.keys())

    async def tick(self) -> None:
        """Look after standing wishes and silence, for ever."""
        while True:
            self._desk.telling.flush()
            self._desk.run(self._belief.orders.due(self._gateway.now_ns()))
            now_ns = self._timer.Monotonic()
            hearing = self._belief.hearing
            if hearing.tick(now_ns):
                self._log.warning("account stream is deaf: connecting anew", misses=hearing.misses)
                self._stream.reconnect()
            await self._timer.SleepAsync(TICK_SECONDS)

    async def check(self) -> None:
        """Ask by REST whenever the stream has been quiet for long, for ever."""
        while True:
            await self._timer.SleepAsync(TICK_SECONDS)
            if not self._wants_check():
                continue
            self._check_ns = self._timer.Monotonic() + EVERY_NS
            try:
                changes = await self._read_all()
            except ExchangeError as error:
                self._log.warning("cross-check failed", error=str(error))
                self._check_ns = 0
                await self._timer.SleepAsync(_pause(error))
                continue
            self.checks += 1
            if self._book.doubts:
                # a second read must agree before another position is believed
                self._check_ns = self._timer.Monotonic() + AFTER_GAP_NS
            if changes:
                self.corrections += changes
                self._log.warning("cross-check corrected the account", changes=changes)
            else:
                self._belief.hearing.on_check(self._timer.Monotonic())
            await self._timer.SleepAsync(AGAIN_SECONDS)

    def _wants_check(self) -> bool:
        now_ns = self._timer.Monotonic()
        quiet = self._belief.hearing.wants_check(now_ns) or now_ns >= self._check_ns
        return quiet and self.synced.is_set()

    async def keep_clock(self) -> None:
        """Measure the exchange's clock again and again."""
        while True:
            await self._timer.SleepAsync(CLOCK_SECONDS)
            try:
                await self._gateway.sync_clock()
            except ExchangeError as error:
                self._log.warning("clock not measured", error=str(error))

    async def keep_positions(self) -> None:
        """Read positions every few seconds while orders rest: fills may go untold."""
        while True:
            await self._timer.SleepAsync(POSITIONS_SECONDS)
            if not any(self._belief.orders.open_orders()) or not self.synced.is_set():
                continue
            asked_ns = self._gateway.now_ns()
            try:
                rows = await self._gateway.positions()
            except ExchangeError:
                continue
            if self._take_positions(rows, asked_ns):
                self.corrections += 1
                self._sweeping.schedule(self.symbols())
            elif self._book.doubts:
                self._check_ns = self._timer.Monotonic() + AFTER_GAP_NS

    # --- events

    def on_event(self, event: AccountEvent) -> None:
        """Take in one event of the stream."""
        hearing = self._belief.hearing
        match event:
            case Connected(connects):
                hearing.on_connected(self._timer.Monotonic())
                self._log.info("account stream connected", connects=connects)
                self._gap.set()
                self.is_behind = True
            case Lost(reason):
                hearing.on_disconnected()
                self._book.on_gap()
                self.synced.clear()
                self.is_behind = True
                self._log.warning("account stream lost", reason=reason)
            case _ if self._buffer is not None:
                hearing.on_event(self._timer.Monotonic())
                self._buffer.append(event)
            case _:
                hearing.on_event(self._timer.Monotonic())
                self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        try:
            report = parse_user_event(event)
        except ProtocolError as error:
            self.bad_events += 1
            self._log.warning("event not understood", error=str(error))
            return
        match report:
            case OrderReport():
                if not self._strangers.is_strange(report):
                    self._belief.hearing.on_echo(intent_id(report.id))
                    self._desk.run(self._belief.orders.on_report(report, self._gateway.now_ns()))
            case AccountReport():
                self._tell(self._book.on_report(report))
            case StreamNotice(name, text):
                if name == SETTINGS_EVENT:
                    self._on_settings()
                if text:
                    self._log.warning("account notice", event=name, text=text)

    def _flush(self) -> None:
        buffered, self._buffer = self._buffer or (), None
        for event in buffered:
            self._apply(event)

    # --- reads

    async def _read_all(self) -> int:
        # Returns how many things were not as believed.
        asked_ns = self._gateway.now_ns()
        listed, positions, balances = await asyncio.gather(
            self._gateway.open_orders(self._belief.rules),
            self._gateway.positions(),
            self._gateway.balances(),
        )
        changes = self._reconcile(listed, asked_ns) + self._take_positions(positions, asked_ns)
        self._tell(self._book.on_balances(balances))
        return changes

    def _reconcile(self, listed: list[OrderReport], asked_ns: int) -> int:
        changes = 0
        strange = [row for row in listed if self._strangers.is_strange(row)]
        self._strangers.on_listed({row.symbol for row in strange})
        ours = [row for row in listed if row not in strange]
        for difference in compare(self._belief.orders, ours, asked_ns):
            self._log.info("order differs", id=difference.id, how=difference.kind.value)
            if difference.report is None:
                changes += self._question(difference.id)
            else:
                changes += self._desk.learn(difference.report)
        return changes

    def _question(self, client_id: str) -> int:
        order = self._belief.orders.get(client_id)
        self._desk.run(self._belief.orders.on_question(client_id, self._gateway.now_ns()))
        # what is looked for already is no news: else the account would be read for ever
        return int(order is not None and not order.missing_ns)

    def _take_positions(self, positions: list[PositionReport], asked_ns: int) -> int:
        moved = self._book.on_positions(positions, asked_ns)
        self._tell(moved)
        for account in moved:
            self._desk.blame(self._gateway.now_ns() - account.event_ns)
        return len(moved)

    def _tell(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._publish(change)


def _pause(error: ExchangeError) -> float:
    return max(AGAIN_SECONDS, error.retry_after if isinstance(error, RateLimited) else 0.0)

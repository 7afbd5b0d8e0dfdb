"""Keeps one planned connection alive for ever."""

import asyncio
import random
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from lib.constants import NS_PER_SECOND
from lib.errors import ExchangeUnavailable, RateLimited
from lib.logger import AbstractLogger
from lib.stream.binance.backoff import Backoff, ConnectBudget
from lib.stream.binance.connection import Connection
from lib.stream.binance.frame_connection import OnFrame
from lib.stream.binance.life import Life
from lib.stream.binance.subscriptions import Plan, path, split_for_url
from lib.timer import AbstractTimer

RENEW_SECONDS = 23 * 3_600.0
"""The exchange cuts every connection at 24 h."""
RENEW_JITTER = 0.05
"""Share of the above taken off at random, so that connections do not renew together."""
RENEW_RETRY_SECONDS = 60.0
"""After a renewal whose successor brought nothing."""
HANDOVER_SECONDS = 10.0
"""What a planned successor may take to bring its first frame."""
REPLACE_SECONDS = 1.0
"""What a successor gets before a suspect connection is dropped anyway."""
OVERLAP_SECONDS = 1.0
"""Both run for so long after the successor's first frame: slow streams must not fall between."""
MAX_PATIENCE = 20
"""Times the silence limit that a connection is given in the end where the market is just quiet."""
HEALTHY_SECONDS = 60.0
"""A connection that lived so long and then fell silent is suspect again after the limit itself."""


class Cause(StrEnum):
    """Why a connection is replaced."""

    CLOSED = "closed"
    SILENT = "silent"
    RENEWAL = "renewal"
    ASKED = "asked"


class Setup(NamedTuple):
    """What all links of a stream share."""

    ws_url: str
    timer: AbstractTimer
    log: AbstractLogger
    budget: ConnectBudget
    renew_seconds: float = RENEW_SECONDS


class Link:
    """Replaces its connection whenever it closed, fell silent, grew old, or on demand.

    The successor is brought up first, wherever the old one still lives, so that nothing falls
    between: for a while both deliver, and the receiver drops the repeats.

    Args:
        plan: What to subscribe on which route.
        setup: What all links share.
        on_frame: Takes every frame of every connection; what it raises ends `run`.
        silence_seconds: Replace a connection that brings nothing for so long; 0 never does.
    """

    def __init__(
        self, plan: Plan, setup: Setup, on_frame: OnFrame, silence_seconds: float = 0.0
    ) -> None:
        """Prepare; nothing is connected before `run`."""
        self.plan = plan
        self.connects = 0
        self._setup = setup
        self._timer, self._log = setup.timer, setup.log
        self._on_frame = on_frame
        self._silence_ns = round(silence_seconds * NS_PER_SECOND)
        self._patience = 1
        self._backoff = Backoff(random.random)
        self._lives: list[Life] = []
        self._newest_ns = setup.timer.Monotonic()
        self._asked = False
        self._changed = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether a connection stands."""
        return any(not life.is_over for life in self._lives)

    def age(self, now_ns: int) -> int:
        """Return ns since the newest frame of any kind."""
        for life in self._lives:
            self._note_newest(life)
        return now_ns - self._newest_ns

    def reconnect(self) -> None:
        """Replace the connection, however well it looks."""
        self._asked = True
        self._changed.set()

    def resubscribe(self, streams: Iterable[str]) -> None:
        """Subscribe some streams anew on the connection that stands."""
        for life in self._lives[-1:]:
            life.renew(streams)

    def change(self, plan: Plan, silence_seconds: float) -> None:
        """Subscribe what is new, and no longer what is gone; whatever stays notices nothing."""
        self.plan = plan
        self._silence_ns = round(silence_seconds * NS_PER_SECOND)
        for life in self._lives:
            life.align(plan.streams)
        self._changed.set()

    async def run(self) -> None:
        """Keep the link up until cancelled."""
        try:
            life = await self._connect()
            while True:
                life = await self._replace(life, await self._watch(life))
        finally:
            for left in self._lives:
                await left.end()
            self._lives.clear()

    async def _watch(self, life: Life) -> Cause:
        while True:
            now_ns = self._timer.Monotonic()
            if life.is_over:
                return Cause.CLOSED
            if self._asked:
                self._asked = False
                return Cause.ASKED
            if now_ns >= life.due_ns:
                return Cause.RENEWAL
            silent_ns = life.due_ns
            if self._silence_ns:
                silent_ns = life.connection.newest_ns + self._silence_ns * self._patience
            if now_ns >= silent_ns:
                return Cause.SILENT
            await self._wait(min(silent_ns, life.due_ns) - now_ns)

    async def _wait(self, ns: int) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(ns / NS_PER_SECOND):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _replace(self, old: Life, cause: Cause) -> Life:
        self._note_end(old, cause)
        new = await self._connect()
        if not old.is_over and not await self._takes_over(new, cause):
            self._log.warning(
                "the successor brought nothing, kept the old one", link=self.plan.name
            )
            await self._end(new)
            old.due_ns = self._timer.Monotonic() + round(RENEW_RETRY_SECONDS * NS_PER_SECOND)
            return old
        await self._end(old)
        return new

    async def _takes_over(self, new: Life, cause: Cause) -> bool:
        planned = cause is Cause.RENEWAL
        try:
            async with asyncio.timeout(HANDOVER_SECONDS if planned else REPLACE_SECONDS):
                await new.connection.delivering.wait()
                if new.subscribing is not None:
                    await asyncio.wait((new.subscribing,))
        except TimeoutError:
            # a suspect connection is dropped for any that stands; a healthy one is not
            return not planned and not new.is_over
        if planned:
            await self._timer.SleepAsync(OVERLAP_SECONDS)
        return not new.is_over

    async def _pause(self, held_seconds: float, backoff_seconds: float) -> None:
        """Wait before an attempt: what the exchange wants in any case, the rest unless asked."""
        now_ns = self._timer.Monotonic()
        if held_seconds > 0:
            await self._timer.SleepAsync(held_seconds)
        end_ns = now_ns + round(backoff_seconds * NS_PER_SECOND)
        while not self._asked and (left_ns := end_ns - self._timer.Monotonic()) > 0:
            await self._wait(left_ns)
        self._asked = False

    async def _connect(self) -> Life:
        failures, since_ns, held_seconds = 0, self._timer.Monotonic(), 0.0
        while True:
            budget_ns = self._setup.budget.take(self._timer.Monotonic())
            held_seconds = max(held_seconds, budget_ns / NS_PER_SECOND)
            await self._pause(held_seconds, self._backoff.next_seconds())
            plan = self.plan
            streams, later = split_for_url(plan.streams)
            connection = Connection(self._setup.ws_url, plan.route, path(streams), self._timer)
            try:
                await connection.open()
            except ExchangeUnavailable as error:
                failures += 1
                held_seconds = 0.0
                self._note_failure(failures, error)
            except RateLimited as error:
                failures += 1
                held_seconds = error.retry_after
                self._note_failure(failures, error)
            else:
                life = Life(connection, plan.streams, self._on_frame, self._renew_ns(), self._timer)
                return self._start(life, later, failures, since_ns)

    def _start(self, life: Life, later: list[str], failures: int, since_ns: int) -> Life:
        life.reading.add_done_callback(lambda _task: self._changed.set())
        life.complete(later)
        self._lives.append(life)
        life.align(self.plan.streams)
        self.connects += 1
        self._log.info(
            "connected",
            link=self.plan.name,
            streams=len(self.plan.streams),
            failures=failures,
            took_ms=round((life.connection.opened_ns - since_ns) / 1e6, 1),
        )
        return life

    async def _end(self, life: Life) -> None:
        self._note_newest(life)
        self._lives.remove(life)
        await life.end()

    def _note_newest(self, life: Life) -> None:
        # a connection that brought nothing yet counts from its opening, which is no message
        if life.connection.delivering.is_set():
            self._newest_ns = max(self._newest_ns, life.connection.newest_ns)

    def _renew_ns(self) -> int:
        share = 1 - RENEW_JITTER * random.random()
        return round(self._setup.renew_seconds * share * NS_PER_SECOND)

    def _note_end(self, life: Life, cause: Cause) -> None:
        connection, now_ns = life.connection, self._timer.Monotonic()
        if now_ns - connection.opened_ns >= HEALTHY_SECONDS * NS_PER_SECOND:
            self._patience = 1
        elif cause is Cause.SILENT:
            self._patience = min(self._patience * 2, MAX_PATIENCE)
        if not life.was_judged:
            life.was_judged = True
            self._backoff.lived(now_ns - connection.opened_ns)
        write = self._log.info if cause is Cause.RENEWAL else self._log.warning
        write(
            "replacing a connection",
            link=self.plan.name,
            cause=cause.value,
            reason=life.reason(),
            silent_ms=round((now_ns - connection.newest_ns) / 1e6),
            lived_s=round((now_ns - connection.opened_ns) / 1e9, 1),
        )

    def _note_failure(self, failures: int, error: Exception) -> None:
        # one line per outage, and then one each time that the number of attempts has doubled
        if failures & (failures - 1) == 0:
            self._log.warning(
                "cannot connect", link=self.plan.name, failures=failures, error=str(error)
            )

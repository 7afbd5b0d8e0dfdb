"""Carries faults out."""

import os
import resource
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import psutil

from lib.chaos.evidence import Finding
from lib.chaos.kinds import Group
from lib.chaos.ledger import Ledger, adds_risk
from lib.chaos.schedule import Strike
from lib.chaos.struck import Struck, missed
from lib.constants import NS_PER_SECOND, WorkerKind
from lib.helpers import plain
from workers.chaos_system import System
from workers.chaos_venue import VenueStriker, by_hand
from workers.chaos_zombie import ask_as_dead

ARM_SECONDS = 8.0
"""How long a failpoint may wait for its step."""
DEAD_MAN_MARGIN = 2.0
ZOMBIE_PAUSES = (0.1, 0.5, 1.0)
"""Seconds before each request of an ended life: before and after the next one has begun."""
UNHEARD = frozenset({"post.after_send"})
"""Steps at which the account stream says nothing either: only the journal knows of the order."""


class Striker:
    """Strikes one system.

    Args:
        system: What is hit.
        seed: Of what is left to chance.
    """

    def __init__(self, system: System, seed: int) -> None:
        """Have hit nothing."""
        self._system = system
        self._timer = system.timer
        self._random = Random(seed)
        self._ways: dict[Group, Callable[[Strike], Awaitable[Struck]]] = {
            Group.PROCESS: self._process,
            Group.FAILPOINT: self._failpoint,
            Group.NETWORK: self._network,
            Group.DISK: self._disk,
            Group.ZOMBIE: self._zombie,
            Group.EVERYTHING: self._everything,
            Group.VENUE: VenueStriker(system).strike,
        }

    async def strike(self, strike: Strike) -> Struck:
        """Let one fault happen, at the second attempt if the first hits nothing."""
        struck = await self._ways[strike.kind.group](strike)
        return await self._ways[strike.kind.group](strike) if struck.missed else struck

    def _now(self) -> int:
        return self._timer.Timestamp()

    async def _workers(self, kind: str) -> list[dict[str, Any]]:
        status = await self._system.status()
        return [each for each in status["workers"] if each["kind"] == kind and each["pid"]]

    async def _pids(self, strike: Strike) -> list[int]:
        if strike.kind.target == "bots":
            return [each["pid"] for each in await self._workers(WorkerKind.BOT)]
        found = await self._workers(strike.kind.target)
        return [found[int(strike.pick * len(found))]["pid"]] if found else []

    async def _process(self, strike: Strike) -> Struck:
        if strike.kind.target == "supervisor":
            return await self._supervisor(strike)
        pids = await self._pids(strike)
        if not pids:
            return missed(self._now(), "there was no such worker")
        number = signal.SIGKILL if strike.kind.action == "kill" else signal.SIGSTOP
        at_ns = self._now()
        for pid in pids:
            _signal(pid, number)
        if strike.kind.action == "pause":
            await self._timer.SleepAsync(strike.seconds)
            for pid in pids:
                _signal(pid, signal.SIGCONT)
        return Struck(at_ns, self._now())

    async def _supervisor(self, strike: Strike) -> Struck:
        at_ns = self._now()
        if strike.kind.action == "kill":
            self._system.signal_supervisor(signal.SIGKILL)
            await self._system.until_gone()
            await self._system.start()
        else:
            self._system.signal_supervisor(signal.SIGSTOP)
            await self._timer.SleepAsync(strike.seconds)
            self._system.signal_supervisor(signal.SIGCONT)
        return Struck(at_ns, self._now())

    async def _failpoint(self, strike: Strike) -> Struck:
        rules = self._system.failpoints
        if strike.kind.target in UNHEARD:
            await self._system.venue.strike("mute_user", {})
        rules.write_text(f"{strike.kind.target}={strike.kind.action}:once\n", encoding="utf-8")

        async def used() -> bool:
            return not rules.read_text(encoding="utf-8").strip()

        struck = await self._system.until(used, ARM_SECONDS)
        at_ns = self._now()
        rules.unlink(missing_ok=True)
        if strike.kind.target in UNHEARD:
            await self._system.venue.clear()
        if not struck:
            return missed(self._now(), f"no step {strike.kind.target} within {ARM_SECONDS:g} s")
        return Struck(at_ns, at_ns, in_request=strike.kind.in_request)

    async def _network(self, strike: Strike) -> Struck:
        at_ns = self._now()
        self._system.net(strike.kind.action)
        await self._timer.SleepAsync(strike.seconds)
        self._system.net("pass")
        return Struck(at_ns, self._now())

    async def _disk(self, strike: Strike) -> Struck:
        at_ns = self._now()
        if strike.kind.action == "limit":
            pids = [each["pid"] for each in await self._workers(WorkerKind.EXCHANGE)]
            for pid in pids:
                _limit_files(pid, 0)
            await self._timer.SleepAsync(strike.seconds)
            for pid in pids:
                _limit_files(pid, None)
            return Struck(at_ns, self._now()) if pids else missed(self._now(), "no exchange worker")
        rules = self._system.failpoints
        rules.write_text(f"journal.write={strike.kind.action}\n", encoding="utf-8")
        await self._timer.SleepAsync(strike.seconds)
        rules.unlink(missing_ok=True)
        return Struck(at_ns, self._now())

    async def _zombie(self, strike: Strike) -> Struck:
        bots = await self._workers(WorkerKind.BOT)
        if not bots:
            return missed(self._now(), "no bot lives")
        bot = bots[int(strike.pick * len(bots))]
        at_ns = self._now()
        _signal(bot["pid"], signal.SIGKILL)
        owner = bot["name"].removeprefix("bot:")
        qty, price = await by_hand(self._system, owner.rpartition(":")[2], Decimal(1))
        asked = []
        for pause in ZOMBIE_PAUSES:
            await self._timer.SleepAsync(pause * self._random.uniform(0.5, 1.5))
            client_id, answer = await ask_as_dead(
                self._system, owner, bot["incarnation"], plain(qty), plain(price)
            )
            asked.append(client_id)
        if not any(asked):
            return missed(self._now(), answer)
        return Struck(at_ns, self._now(), forbidden=frozenset(filter(None, asked)))

    async def _everything(self, strike: Strike) -> Struck:
        system = self._system
        if not system.drill.dead_man:
            return missed(self._now(), "the dead-man switch is off")
        at_ns = self._now()
        await system.kill_everything()
        ledger, _ = await system.venue.ledger()
        findings = [
            Finding("unguarded", order, f"{order} was left open without an armed countdown")
            for order, symbol in self._ours(ledger).items()
            if symbol not in ledger.countdowns
        ]
        due_ns = max(ledger.countdowns.values(), default=ledger.time_ns)
        wait = (due_ns - ledger.time_ns) / NS_PER_SECOND + DEAD_MAN_MARGIN
        await self._timer.SleepAsync(wait)
        later, _ = await system.venue.ledger()
        findings += [
            Finding("left_open", order, f"{order} was still open {wait:.1f} s after the end of all")
            for order in self._ours(later)
        ]
        await system.start()
        return Struck(at_ns, self._now(), findings=tuple(findings))

    def _ours(self, ledger: Ledger) -> dict[str, str]:
        marks = self._system.drill.marks
        return {
            order.client_id: order.symbol
            for order in ledger.orders
            if adds_risk(order) and marks.of(order.client_id)
        }


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _limit_files(pid: int, size: int | None) -> None:
    """Let a process write to files up to `size` bytes only; None = as much as it may."""
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

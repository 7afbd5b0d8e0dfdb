"""Carries faults out."""

import os
import resource
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import psutil

from lib.chaos.evidence import Finding
from lib.chaos.kinds import Group
from lib.chaos.ledger import Ledger, adds_risk
from lib.chaos.schedule import Strike
from lib.constants import NS_PER_SECOND, WorkerKind
from lib.helpers import plain, round_down, round_up
from workers.chaos_system import System
from workers.chaos_zombie import ask_as_dead

ARM_SECONDS = 8.0
"""How long a failpoint may wait for its step."""
NOTIONAL = Decimal(150)
FAR = Decimal("0.03")
"""Distance of what somebody places by hand."""
DEAD_MAN_MARGIN = 2.0
ZOMBIE_PAUSES = (0.1, 0.5, 1.0)
"""Seconds before each request of an ended life: before and after the next one has begun."""
PLACEMENTS = ("order", "batchorders")
UNHEARD = frozenset({"post.after_send"})
"""Steps at which the account stream says nothing either: only the journal knows of the order."""
MOVING = frozenset({"liquidate", "adl", "manual_trade"})


class Struck(NamedTuple):
    """What has happened.

    Args:
        at_ns: When it struck, ns since the epoch.
        over_ns: When it was over.
        in_request: Whether it hit an open request, as far as that is known here.
        missed: Why it did not strike; empty when it did.
        findings: What was wrong while it lasted.
        forbidden: Ids that must not be found at the venue.
        moved: Symbol whose position was moved by others.
        ended: Symbol that cannot be traded any more.
    """

    at_ns: int
    over_ns: int
    in_request: bool = False
    missed: str = ""
    findings: tuple[Finding, ...] = ()
    forbidden: frozenset[str] = frozenset()
    moved: str = ""
    ended: str = ""


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
            Group.VENUE: self._venue,
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
            return self._missed("there was no such worker")
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
            return self._missed(f"no step {strike.kind.target} within {ARM_SECONDS:g} s")
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
            return Struck(at_ns, self._now()) if pids else self._missed("no exchange worker")
        rules = self._system.failpoints
        rules.write_text(f"journal.write={strike.kind.action}\n", encoding="utf-8")
        await self._timer.SleepAsync(strike.seconds)
        rules.unlink(missing_ok=True)
        return Struck(at_ns, self._now())

    async def _zombie(self, strike: Strike) -> Struck:
        bots = await self._workers(WorkerKind.BOT)
        if not bots:
            return self._missed("no bot lives")
        bot = bots[int(strike.pick * len(bots))]
        at_ns = self._now()
        _signal(bot["pid"], signal.SIGKILL)
        owner = bot["name"].removeprefix("bot:")
        qty, price = await self._by_hand(owner.rpartition(":")[2], Decimal(1))
        asked = []
        for pause in ZOMBIE_PAUSES:
            await self._timer.SleepAsync(pause * self._random.uniform(0.5, 1.5))
            client_id, answer = await ask_as_dead(
                self._system, owner, bot["incarnation"], plain(qty), plain(price)
            )
            asked.append(client_id)
        if not any(asked):
            return self._missed(answer)
        return Struck(at_ns, self._now(), forbidden=frozenset(filter(None, asked)))

    async def _everything(self, strike: Strike) -> Struck:
        system = self._system
        if not system.drill.dead_man:
            return self._missed("the dead-man switch is off")
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
        system.countdowns_fired = True
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

    async def _venue(self, strike: Strike) -> Struck:
        venue, name = self._system.venue, strike.kind.target
        args = await self._resolve(strike)
        at_ns = self._now()
        refusal = await venue.strike(name, args)
        if refusal:
            return self._missed(refusal)
        symbol = str(args.get("symbol", ""))
        if not strike.seconds:
            return Struck(
                at_ns,
                self._now(),
                moved=symbol if name in MOVING else "",
                ended=symbol if strike.kind.ends_symbol else "",
            )
        await self._timer.SleepAsync(strike.seconds)
        hit = await self._has_hit(name, args, at_ns)
        if name == "mode_flip":
            await venue.strike(name, {})
        await venue.clear()
        if not hit:
            return self._missed("nothing came that it could hit")
        return Struck(at_ns, self._now(), in_request=strike.kind.in_request)

    async def _has_hit(self, name: str, args: dict[str, Any], at_ns: int) -> bool:
        """Return whether a fault with a number of uses has been used."""
        venue = self._system.venue
        if name == "late_accept":
            _, requests = await venue.ledger()
            return any(
                row["method"] == "POST"
                and row["path"].lower().endswith(PLACEMENTS)
                and row["time_ns"] >= at_ns
                for row in requests
            )
        if "count" not in args:
            return True
        rows = [row for row in await venue.active() if row["name"] == name]
        return not rows or rows[0].get("left", 0) < args["count"]

    async def _resolve(self, strike: Strike) -> dict[str, Any]:
        """Return a fault's arguments with what only the venue knows filled in."""
        args = dict(strike.args)
        if strike.kind.target in ("liquidate", "adl"):
            ledger, _ = await self._system.venue.ledger()
            held = [one for one in ledger.positions if one in self._system.drill.symbols]
            args["symbol"] = held[int(strike.pick * len(held))] if held else args["symbol"]
        if args.get("tick") == "x10":
            rules = await self._rules(args["symbol"])
            args["tick"] = plain(10 * rules["PRICE_FILTER"]["tickSize"])
        if args.get("qty") in ("min", "-min"):
            sign = Decimal(-1 if args["qty"] == "-min" else 1)
            qty, price = await self._by_hand(args["symbol"], sign)
            args["qty"] = plain(sign * qty)
            if args.get("price") == "far":
                args["price"] = plain(price)
        return args

    async def _by_hand(self, symbol: str, sign: Decimal) -> tuple[Decimal, Decimal]:
        """Return (quantity, far price) of a small order."""
        rules = await self._rules(symbol)
        book = await self._system.venue.public("/fapi/v1/ticker/bookTicker", symbol=symbol)
        mid = (Decimal(book["bidPrice"]) + Decimal(book["askPrice"])) / 2
        qty = round_up(NOTIONAL / mid, rules["LOT_SIZE"]["stepSize"])
        return qty, round_down(mid * (1 - sign * FAR), rules["PRICE_FILTER"]["tickSize"])

    async def _rules(self, symbol: str) -> dict[str, dict[str, Decimal]]:
        info = await self._system.venue.public("/fapi/v1/exchangeInfo")
        row = next(each for each in info["symbols"] if each["symbol"] == symbol)
        steps = ("tickSize", "stepSize")
        return {
            each["filterType"]: {key: Decimal(each[key]) for key in steps if key in each}
            for each in row["filters"]
        }

    def _missed(self, reason: str) -> Struck:
        now_ns = self._now()
        return Struck(now_ns, now_ns, missed=reason)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _limit_files(pid: int, size: int | None) -> None:
    """Let a process write to files up to `size` bytes only; None = as much as it may."""
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

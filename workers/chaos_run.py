"""One run of a drill: strike, let it settle, judge, again and again; stop, and judge once more."""

from functools import partial
from pathlib import Path

from lib.chaos.evidence import Evidence, Finding, Ripening, Violation
from lib.chaos.ids import made_at
from lib.chaos.ledger import adds_risk
from lib.chaos.oracle import judge
from lib.chaos.records import Life, Notebook
from lib.chaos.report import FILLS_PER_FAULT, ORDERS_PER_FAULT, Tally
from lib.chaos.schedule import Strike
from lib.chaos.struck import Struck
from lib.constants import NS_PER_SECOND, ExitCode
from lib.errors import TickvisorError
from lib.timer import AbstractTimer
from workers.chaos_config import Drill
from workers.chaos_screen import Screen
from workers.chaos_strikes import Striker
from workers.chaos_system import System

RECOVERY_SECONDS = 60.0
"""Without a new order of every bot within this time the system has not recovered."""
SETTLE_SECONDS = 25.0
"""Longest time in which findings vanish, or ripen."""
LOOK_SECONDS = 0.15
TRADE_SECONDS = 8.0
"""Longest wait, before a strike, for as many orders as make a drill worth its name."""
CLEAR_SECONDS = 90.0
"""That a conditional order does not exist takes a minute to prove: no stop waits so long, and one
that the last fault has left in doubt would make it end, rightly, with 1."""
ANSWER_NS = 3 * NS_PER_SECOND
"""A Post without any answer for longer is not an open request."""
LAST_RULES = frozenset(
    {
        "executed_twice", "fencing", "fill_twice", "fill_again", "fill_wrong", "risk_order",
        "risk_open_orders", "risk_position", "unjournaled", "journal_status", "journal_fill",
        "journal_invented",
    }
)  # fmt: skip
"""What can be judged once no bot lives any more."""


class Run:
    """Strikes one system with the faults of one episode.

    Args:
        drill: What is drilled.
        folder: Where.
        timer: The process's timer.
        tally: Gets what is counted and found.
        screen: Where a human reads how it goes.
    """

    def __init__(
        self, drill: Drill, folder: Path, timer: AbstractTimer, tally: Tally, screen: Screen
    ) -> None:
        """Start nothing yet."""
        self.system = System(drill, folder, timer)
        self._timer = timer
        self._tally = tally
        self._screen = screen
        self._ripening = Ripening()
        self._forbidden: set[str] = set()
        self._moved: set[str] = set()
        self._ended: set[str] = set()
        self._found: list[Violation] = []

    async def run(self, strikes: list[Strike]) -> None:
        """Do it all.

        Raises:
            TickvisorError: The system does not start in the first place.
        """
        last = ""
        try:
            await self.system.open()
            striker = Striker(self.system, strikes[0].number + self._tally.seed)
            await self._trading_since(self._timer.Timestamp())
            try:
                for number, strike in enumerate(strikes, 1):
                    last = strike.kind.name
                    await self._timer.SleepAsync(strike.pause)
                    await self.system.until(partial(self._has_traded, number), TRADE_SECONDS)
                    await self._play(strike, striker)
                await self._finish(last)
            except TickvisorError as error:
                # a system that a fault has ended for good is the worst of all findings
                self._tell([Finding("broken_down", str(strike.number), str(error))], last)
                self._screen.violations(self._found[-1:])
        finally:
            await self.system.close()

    async def _play(self, strike: Strike, striker: Striker) -> None:
        """Strike, wait until every bot trades again, judge."""
        name, before = strike.kind.name, len(self._found)
        struck = await striker.strike(strike)
        if struck.missed:
            self._tally.missed.append(f"{name}: {struck.missed}")
            self._screen.missed(strike, struck.missed)
            return
        self._tally.struck[name] += 1
        recovery = await self._recover(strike, struck)
        await self._settle(name)
        hit = struck.in_request or self._was_open(struck.at_ns)
        self._tally.in_request += hit
        self._screen.struck(strike, recovery, self._found[before:], is_inside=hit)

    async def _recover(self, strike: Strike, struck: Struck) -> float | None:
        """Return how many seconds after a fault every bot traded again, None if too many."""
        name = strike.kind.name
        self._forbidden.update(struck.forbidden)
        self._moved.update(struck.moved)
        self._ended.update(filter(None, [struck.ended]))
        self._tell(list(struck.findings), name)
        recovery = await self._trading_since(struck.over_ns)
        if recovery is None:
            what = f"not every bot was trading again within {RECOVERY_SECONDS:g} s"
            self._tell([Finding("not_recovered", f"{name}#{strike.number}", what)], name)
        else:
            self._tally.recovered(name, recovery)
        return recovery

    async def _has_traded(self, faults: int) -> bool:
        """Return whether there have been as many orders and fills as so many faults need."""
        lives = [life for book in self.system.notes.read().values() for life in book.lives]
        orders = sum(len(life.accepted) for life in lives)
        fills = sum(len(life.deliveries) for life in lives)
        return orders >= ORDERS_PER_FAULT * faults and fills >= FILLS_PER_FAULT * faults

    async def _trading_since(self, since_ns: int) -> float | None:
        """Return after how many seconds every bot's new order was accepted, None if not in time."""
        found: dict[str, int] = {}

        async def trading() -> bool:
            for owner, notebook in self.system.notes.read().items():
                if owner.rpartition(":")[2] not in self._ended and owner not in found:
                    at_ns = _accepted(notebook, since_ns)
                    found.update({owner: at_ns} if at_ns else {})
            wanted = [
                owner for owner in self.system.drill.owners
                if owner.rpartition(":")[2] not in self._ended
            ]  # fmt: skip
            return all(owner in found for owner in wanted)

        in_time = await self.system.until(trading, RECOVERY_SECONDS)
        last_ns = max(found.values(), default=since_ns)
        return (last_ns - since_ns) / NS_PER_SECOND if in_time else None

    async def _settle(self, after: str) -> None:
        """Judge until nothing from before is left that may still turn out well."""
        first_ns = 0
        while True:
            evidence = await self._evidence()
            now_ns = self._timer.Monotonic()
            first_ns = first_ns or now_ns
            self._tell(self._ripening.look(judge(evidence), now_ns), after)
            is_calm = not self._ripening.pending(first_ns)
            if is_calm or now_ns - first_ns > SETTLE_SECONDS * NS_PER_SECOND:
                return
            await self._timer.SleepAsync(LOOK_SECONDS)

    async def _is_clear(self) -> bool:
        journal = (await self._evidence()).journal
        return journal is not None and not journal.doubtful

    async def _finish(self, after: str) -> None:
        await self.system.until(self._is_clear, CLEAR_SECONDS)
        (code, said), before = await self.system.stop(), len(self._found)
        await self.system.keep_ledger()
        evidence = await self._evidence()
        ledger, marks = evidence.ledger, self.system.drill.marks
        findings = [finding for finding in judge(evidence) if finding.rule in LAST_RULES]
        findings += [
            Finding("left_open", order.client_id, f"order {order.id} is open after the stop")
            for order in ledger.orders
            if adds_risk(order) and marks.of(order.client_id)
        ]
        if code != ExitCode.DONE:
            findings.append(Finding("stop", after, f"`supervisor stop` ended with {code}: {said}"))
        known = {violation.finding[:2] for violation in self._found}
        self._tell([finding for finding in findings if finding[:2] not in known], "the stop")
        self._screen.violations(self._found[before:])
        regular = [order for order in ledger.orders if not order.algo_id]
        self._tally.orders += sum(bool(marks.of(o.client_id)) for o in regular) + sum(
            bool(marks.of(a.client_id)) for a in ledger.algos
        )
        self._tally.fills += sum(bool(marks.of(fill.client_id)) for fill in ledger.fills)

    async def _evidence(self) -> Evidence:
        return await self.system.evidence(frozenset(self._forbidden), frozenset(self._moved))

    def _was_open(self, at_ns: int) -> bool:
        """Return whether a bot was waiting for the first answer to a Post at that time."""
        lives = [
            life for notebook in self.system.notes.notebooks.values() for life in notebook.lives
        ]
        return any(_waited(life, at_ns) for life in lives)

    def _tell(self, findings: list[Finding], after: str) -> None:
        found = [Violation(finding, after, self._timer.Timestamp()) for finding in findings]
        self._found += found
        self._tally.violations += found


def _accepted(notebook: Notebook, since_ns: int) -> int:
    """Return when the bot was told of the first accepted order made after a time, 0 if never."""
    times = [
        at_ns
        for life in notebook.lives[-2:]
        for client_id, at_ns in life.accepted.items()
        if made_at(client_id) > since_ns
    ]
    return min(times, default=0)


def _waited(life: Life, at_ns: int) -> bool:
    return any(
        posted_ns
        <= at_ns
        < min(life.first.get(client_id, posted_ns + ANSWER_NS), posted_ns + ANSWER_NS)
        for client_id, posted_ns in life.posts.items()
        if at_ns - ANSWER_NS < posted_ns
    )

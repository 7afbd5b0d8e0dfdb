"""Whose fault is stale data, and what is done about it (pure logic over workers).

Staleness is healed where it arises: a bot whose publisher goes on counting has lost its
subscription; everything else is the publisher's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.constants import WorkerKind
from supervisor.crew.worker import Worker
from supervisor.judges.ladder import Step
from supervisor.judges.watch import StaleData

NAMED = 3
"""Stale symbols named in the evidence."""


@dataclass(frozen=True, slots=True)
class Healing:
    """What is stale of one worker, and what is due for it; nothing while a rung is given time."""

    worker: Worker
    stale: tuple[StaleData, ...]
    """What is stale, oldest first."""
    steps: tuple[Step, ...]

    @property
    def evidence(self) -> str:
        """What is stale, in a few words."""
        return _said(self.stale)

    def evidence_of(self, step: Step) -> str:
        """Return what a step is for, in a few words."""
        return _said([one for one in self.stale if _name(one) in step.names])

    def symbols_of(self, step: Step) -> list[str]:
        """Return the symbols that a step concerns."""
        return sorted({one.symbol for one in self.stale if _name(one) in step.names})


def judge(
    worker: Worker, workers: Iterable[Worker], now_ns: int, *, is_cut: bool = False
) -> Healing | None:
    """Judge one running worker's data after a heartbeat.

    Args:
        worker: The worker that beat.
        workers: All workers, the publishers among them.
        now_ns: Monotonic time.
        is_cut: Nobody can reach the exchange: all one can do is wait.

    Returns:
        What to do, or None when its data is fresh or its staleness is somebody else's.
    """
    stale = worker.watch.stale(now_ns)
    is_bot = worker.spec.kind is WorkerKind.BOT
    if is_bot and stale:
        stale = [one for one in stale if _published(one, workers, now_ns)]
    worker.stale = tuple(stale)
    if not stale:
        worker.ladder.fresh()
        return None
    names = frozenset(map(_name, stale))
    if is_cut:
        worker.ladder.excuse(names)
        return Healing(worker, tuple(stale), ())
    is_whole = is_bot or worker.watch.is_frozen(stale, now_ns)
    steps = worker.ladder.stale(now_ns, names, is_whole=is_whole)
    return Healing(worker, tuple(stale), tuple(steps))


def _published(stale: StaleData, workers: Iterable[Worker], now_ns: int) -> bool:
    ages = [
        age
        for publisher in workers
        if publisher.spec.kind is WorkerKind.STREAM
        and publisher.life.running
        and (age := publisher.watch.age(stale.channel, stale.symbol, now_ns)) is not None
    ]
    return bool(ages) and min(ages) < stale.limit / 2


def _name(stale: StaleData) -> str:
    return f"{stale.channel} {stale.symbol}"


def _said(stale: Sequence[StaleData]) -> str:
    more = len(stale) - NAMED
    named = ", ".join(map(str, stale[:NAMED]))
    return f"{named} and {more} more" if more > 0 else named

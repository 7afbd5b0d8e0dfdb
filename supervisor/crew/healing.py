"""Whose fault is stale data, and what is done about it (pure logic over workers).

Staleness is healed where it arises: a bot whose publisher goes on counting has lost its
subscription; everything else is the publisher's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lib.constants import WorkerKind
from supervisor.crew.worker import Worker
from supervisor.judges.ladder import Rung
from supervisor.judges.watch import StaleData

NAMED = 3
"""Stale symbols named in the evidence."""


@dataclass(frozen=True, slots=True)
class Healing:
    """One step for one worker; `rung` is None while its present rung is given time."""

    worker: Worker
    stale: tuple[StaleData, ...]
    """What is stale, oldest first."""
    rung: Rung | None

    @property
    def evidence(self) -> str:
        """What is stale, in a few words."""
        more = len(self.stale) - NAMED
        named = ", ".join(map(str, self.stale[:NAMED]))
        return f"{named} and {more} more" if more > 0 else named

    @property
    def symbols(self) -> list[str]:
        """The symbols concerned."""
        return sorted({one.symbol for one in self.stale})


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
    names = frozenset(f"{one.channel} {one.symbol}" for one in stale)
    if is_cut:
        worker.ladder.excuse(names)
        return Healing(worker, tuple(stale), None)
    is_whole = is_bot or worker.watch.is_frozen(stale, now_ns)
    return Healing(worker, tuple(stale), worker.ladder.stale(now_ns, names, is_whole=is_whole))


def _published(stale: StaleData, workers: Iterable[Worker], now_ns: int) -> bool:
    ages = [
        age
        for publisher in workers
        if publisher.spec.kind is WorkerKind.STREAM
        and publisher.life.running
        and (age := publisher.watch.age(stale.channel, stale.symbol, now_ns)) is not None
    ]
    return bool(ages) and min(ages) < stale.limit / 2

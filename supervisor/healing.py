"""Whose fault is stale data, and what is done about it (pure logic over workers).

Staleness is healed where it arises: a bot whose publisher goes on counting has lost its
subscription; everything else is the publisher's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lib.constants import WorkerKind
from supervisor.watch import Rung, StaleData
from supervisor.worker import Worker


@dataclass(frozen=True, slots=True)
class Healing:
    """One step for one worker; `rung` is None while its present rung is given time."""

    worker: Worker
    evidence: StaleData
    rung: Rung | None


def judge(worker: Worker, publishers: Iterable[Worker], now_ns: int) -> Healing | None:
    """Judge one running worker's data after a heartbeat.

    Args:
        worker: The worker that beat.
        publishers: The stream workers.
        now_ns: Monotonic time.

    Returns:
        What to do, or None when its data is fresh or its staleness is somebody else's.
    """
    stale = worker.watch.stale(now_ns)
    if worker.spec.kind is WorkerKind.BOT:
        stale = [one for one in stale if _published(one, publishers, now_ns)]
    if not stale:
        worker.ladder.fresh()
        return None
    return Healing(worker, stale[0], worker.ladder.stale(now_ns))


def _published(stale: StaleData, publishers: Iterable[Worker], now_ns: int) -> bool:
    ages = [
        age
        for publisher in publishers
        if publisher.life.running
        and (age := publisher.watch.ages(now_ns).get(stale.channel, {}).get(stale.symbol))
        is not None
    ]
    return bool(ages) and min(ages) < stale.limit / 2

"""Which steps replace workers without a gap in the data of the others.

A stream worker gets a temporary twin first, unless a replica stands by; the exchange worker leaves
its orders to its next life; bots clean up and come back one by one.
"""

from collections.abc import Iterable

from lib.constants import WorkerKind
from supervisor.config.plan import WorkerSpec
from supervisor.renewing.steps import Add, Drop, Pause, Restart, Step

SPARE = "stream-spare"
OVERLAP_SECONDS = 1.0
"""Both publish for so long: every subscriber has found the new one before the old one goes."""
ORDER = (WorkerKind.VENUE, WorkerKind.STREAM, WorkerKind.EXCHANGE, WorkerKind.BOT)


def rolling(specs: Iterable[WorkerSpec], streams: int) -> list[Step]:
    """Return the steps that restart workers one by one.

    Args:
        specs: The workers, with their new parts of the configuration.
        streams: How many stream workers publish the same.
    """
    chosen = sorted(specs, key=lambda spec: ORDER.index(spec.kind))
    return [step for spec in chosen for step in replacing(spec, streams)]


def replacing(spec: WorkerSpec, streams: int, *, is_vital: bool = False) -> list[Step]:
    """Return the steps that replace one worker.

    Args:
        spec: The worker, with its new part of the configuration.
        streams: How many stream workers publish the same.
        is_vital: Leave a stream worker alone when its twin does not get ready.
    """
    restart = Restart(spec.name, spec)
    if spec.kind is not WorkerKind.STREAM:
        return [restart]
    if streams > 1:
        return [restart, Pause(OVERLAP_SECONDS)]
    twin = Add(spec._replace(name=SPARE), is_vital=is_vital)
    return [twin, Pause(OVERLAP_SECONDS), restart, Pause(OVERLAP_SECONDS), Drop(SPARE)]

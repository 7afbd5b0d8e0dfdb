"""Workers without processes, for tests of what judges them; time is an argument."""

from random import Random

from lib.bus.protocol import Heartbeat
from lib.constants import NS_PER_SECOND, WorkerKind, WorkerState
from supervisor.config.plan import WorkerSpec
from supervisor.crew.worker import Worker, make_worker
from supervisor.judges.policy import RestartPolicy


def seconds(value: float) -> int:
    return round(value * NS_PER_SECOND)


def make(kind: WorkerKind, name: str = "", **limits: float) -> Worker:
    """Return a worker that runs and is ready."""
    spec = WorkerSpec(name or kind.value, kind, {}, limits, RestartPolicy(), 1.0)
    worker = make_worker(spec, Random(1))
    worker.life.start(0)
    worker.reborn(epoch=1, life=1, now_ns=0)
    worker.life.beat(WorkerState.READY, 0)
    return worker


def beat(
    worker: Worker,
    at: float,
    ages: dict[str, dict[str, float]] | None = None,
    *,
    links: dict[str, float] | None = None,
    counts: dict[str, int] | None = None,
) -> None:
    """Let a worker beat; ages in seconds."""
    worker.watch.beat(
        Heartbeat(
            worker=worker.name,
            state="ready",
            lag_ns=0,
            events=0,
            dropped=0,
            ages={
                channel: {symbol: seconds(age) for symbol, age in by_symbol.items()}
                for channel, by_symbol in (ages or {}).items()
            },
            links={name: seconds(age) for name, age in (links or {}).items()},
            counts=counts or {},
            note="",
        ),
        seconds(at),
    )

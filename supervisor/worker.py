"""One worker as the supervisor holds it: spec, life, watch, ladder, process."""

from dataclasses import dataclass, field
from random import Random

from lib.bus.protocol import incarnation
from lib.constants import WorkerKind, WorkerState
from supervisor.child import Child
from supervisor.plan import WorkerSpec
from supervisor.policy import Life
from supervisor.watch import PUBLISHER_RUNGS, SUBSCRIBER_RUNGS, Ladder, Watch


@dataclass(slots=True)
class Worker:
    """All that is known about one worker; decisions are made by its parts."""

    spec: WorkerSpec
    life: Life
    watch: Watch
    ladder: Ladder
    child: Child | None = None
    incarnation: int = 0
    born_ns: int = 0
    condemned: bool = True
    spawning: bool = False
    was_ready: bool = False
    """Whether any life of this run was ready."""
    refusal: str = ""
    """What the worker said before it refused to start."""
    pending_kill: list[int] = field(default_factory=list)
    """Signals decided while the fork was under way."""

    @property
    def name(self) -> str:
        """The worker's name."""
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """Its process, None between lives."""
        return self.child.pid if self.child else None

    @property
    def ready(self) -> bool:
        """Whether it does its work with fresh data."""
        return self.life.state is WorkerState.READY

    def reborn(self, epoch: int, life: int, now_ns: int) -> None:
        """Begin a new life."""
        self.incarnation = incarnation(epoch, life)
        self.born_ns = now_ns
        self.condemned = False
        self.spawning = True
        self.refusal = ""
        self.pending_kill.clear()
        self.watch.born(now_ns)
        self.ladder.fresh()


def make_worker(spec: WorkerSpec, random: Random) -> Worker:
    """Return a worker that has never lived."""
    rungs = SUBSCRIBER_RUNGS if spec.kind is WorkerKind.BOT else PUBLISHER_RUNGS
    return Worker(
        spec=spec,
        life=Life(spec.restart, random),
        watch=Watch(spec.limits, spec.heartbeat, spec.restart.start_timeout),
        ladder=Ladder(rungs),
    )

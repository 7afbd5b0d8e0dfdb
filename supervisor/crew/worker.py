"""One worker as the supervisor holds it: spec, life, watch, ladder, process."""

from dataclasses import dataclass, field
from random import Random

from lib.bus.protocol import incarnation
from lib.constants import Channel, WorkerKind, WorkerState
from supervisor.config.plan import WorkerSpec
from supervisor.judges.illness import Finding, Illness
from supervisor.judges.ladder import PUBLISHER_RUNGS, SUBSCRIBER_RUNGS, Ladder
from supervisor.judges.life import Life
from supervisor.judges.sickness import Sickness
from supervisor.judges.slowness import Slowness
from supervisor.judges.watch import StaleData, Watch
from supervisor.processes.child import Child

WORKING = (WorkerState.READY, WorkerState.STALE)
"""States of a worker whose loop turns and obeys; data that is old hinders nobody from that."""


@dataclass(slots=True)
class Worker:
    """All that is known about one worker; decisions are made by its parts."""

    spec: WorkerSpec
    life: Life
    watch: Watch
    ladder: Ladder
    slowness: Slowness
    sickness: Sickness
    ills: dict[Illness, Finding] = field(default_factory=dict)
    """What else it suffers from, besides its state."""
    stale: tuple[StaleData, ...] = ()
    """What of its data is old, as judged at its newest beat."""
    child: Child | None = None
    incarnation: int = 0
    born_ns: int = 0
    judged_ns: int = 0
    """When its data was judged last, monotonic ns."""
    condemned: bool = True
    spawning: bool = False
    was_ready: bool = False
    """Whether any life of this run was ready."""
    unproven: bool = False
    """Whether orders may rest: a life began, and none has said since that all are gone.

    At an exchange of our own it must have been ready: nothing rests there from before."""
    refusal: str = ""
    """What the worker said before it refused to start."""
    hands_over: bool = False
    """Whether the present life, asked to end, leaves what it holds to the next one."""
    log_begin: int = 0
    """Size of its log when the present life began."""
    last_words: list[str] = field(default_factory=list)
    """The last lines of the life before, when it ended badly."""
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

    @property
    def obeys(self) -> bool:
        """Whether it does now what it is told."""
        return self.life.state in WORKING

    @property
    def leaves_to_heir(self) -> bool:
        """Whether what rests waits for its next life: that one has begun, or is about to."""
        hands_over = self.hands_over and self.life.is_ending
        opens_again = self.was_ready and self.life.state is WorkerState.STARTING
        return self.unproven and (hands_over or opens_again)

    def reborn(self, epoch: int, life: int, now_ns: int) -> None:
        """Begin a new life."""
        self.incarnation = incarnation(epoch, life)
        self.born_ns = now_ns
        self.condemned = False
        self.spawning = True
        self.refusal = ""
        self.hands_over = False
        self.pending_kill.clear()
        self.watch.born(now_ns)
        self.ladder.fresh()
        self.slowness.born()
        self.sickness.born()
        self.ills = {}
        self.stale = ()

    def stale_book(self, symbol: str) -> str:
        """Return how its book of a symbol is stale, empty when it is not."""
        found = [one for one in self.stale if (one.channel, one.symbol) == (Channel.BOOK, symbol)]
        return str(found[0]) if found else ""

    def respec(self, spec: WorkerSpec) -> None:
        """Judge by a changed part of the configuration from now on; the next life is born by it."""
        fresh = make_worker(spec, Random())
        self.spec = spec
        self.life.adopt(spec.restart)
        self.watch.adopt(spec.limits, spec.heartbeat, spec.restart.start_timeout)
        self.ladder, self.slowness, self.sickness = fresh.ladder, fresh.slowness, fresh.sickness


def make_worker(spec: WorkerSpec, random: Random) -> Worker:
    """Return a worker that has never lived."""
    rungs = SUBSCRIBER_RUNGS if spec.kind is WorkerKind.BOT else PUBLISHER_RUNGS
    return Worker(
        spec=spec,
        life=Life(spec.restart, random),
        watch=Watch(spec.limits, spec.heartbeat, spec.restart.start_timeout),
        ladder=Ladder(rungs),
        slowness=Slowness(spec.care.slow),
        sickness=Sickness(spec.care.resources, spec.care.errors, spec.care.window),
    )

"""Steps of a change to a running system: each begins something, and knows when it is done."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND, ExitCode, ExitReason, WorkerKind
from supervisor.config.plan import WorkerSpec
from supervisor.crew.crew import Crew
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.worker import Worker, make_worker

TELL_NS = NS_PER_SECOND // 2
"""Time between two tellings: the worker may just have been replaced."""

Facts = dict[str, Any]
Ask = Callable[[str, Facts, Callable[[Facts], None]], bool]
"""Asks the exchange worker: action, arguments, who gets the answer; False = it is not there."""


class Hands(NamedTuple):
    """What steps work with."""

    crew: Crew
    lifecycle: Lifecycle
    ask: Ask


class Step(ABC):
    """One step; does nothing and is done when its time is over."""

    seconds = 30.0
    """What it may take."""
    late = ""
    """What is said when it takes longer."""
    is_vital = False
    """Whether the steps after it are left out when it fails."""
    exit_code = int(ExitCode.ERROR)
    """Of the command, when it fails."""

    @abstractmethod
    def begin(self, hands: Hands, now_ns: int) -> None:
        """Do it."""

    @abstractmethod
    def look(self, hands: Hands, now_ns: int) -> str | None:
        """Return None while it is under way, then what went wrong: "" = nothing."""

    def undo(self) -> "list[Step]":
        """Return what is to be done instead of the steps after it when it fails."""
        return []


class Add(Step):
    """Starts a worker that was not there, and waits until it is ready.

    Args:
        spec: The worker.
        is_vital: Take it away again when it does not get ready, and go no further.
    """

    def __init__(self, spec: WorkerSpec, *, is_vital: bool = False) -> None:
        """Start nothing yet."""
        self.spec = spec
        self.is_vital = is_vital
        self.late = f"{spec.name} does not get ready"

    def begin(self, hands: Hands, now_ns: int) -> None:
        """Start it."""
        worker = hands.crew.workers[self.spec.name] = make_worker(self.spec, Random(now_ns))
        hands.crew.do(worker, worker.life.start(now_ns))

    def look(self, hands: Hands, now_ns: int) -> str | None:
        """Wait until it is ready."""
        return "" if _is_ready(hands.crew.workers.get(self.spec.name)) else None

    def undo(self) -> list[Step]:
        """Take it away again."""
        return [Drop(self.spec.name)]


class Restart(Step):
    """Gives a worker a new life, and waits until it is ready.

    Args:
        name: The worker.
        spec: Its new part of the configuration; None = as it was.
    """

    def __init__(self, name: str, spec: WorkerSpec | None = None) -> None:
        """End nothing yet."""
        self.name = name
        self.spec = spec
        self.late = f"{name} is not ready again"
        self._former = 0

    def begin(self, hands: Hands, now_ns: int) -> None:
        """End the present life."""
        worker = hands.crew.workers.get(self.name)
        if worker is None:
            return
        if self.spec is not None:
            worker.respec(self.spec)
        self._former = worker.incarnation
        worker.hands_over = worker.spec.kind is WorkerKind.EXCHANGE
        actions = worker.life.restart(ExitReason.REQUESTED, "asked by the user", now_ns)
        hands.crew.do(worker, actions)

    def look(self, hands: Hands, now_ns: int) -> str | None:
        """Wait until the new life is ready."""
        worker = hands.crew.workers.get(self.name)
        if worker is None or (worker.incarnation != self._former and _is_ready(worker)):
            return ""
        return None


class Drop(Step):
    """Stops a worker, and forgets it once it is gone."""

    def __init__(self, name: str) -> None:
        """Stop nothing yet."""
        self.name = name
        self.late = f"{name} has not ended"

    def begin(self, hands: Hands, now_ns: int) -> None:
        """Ask it to end."""
        worker = hands.crew.workers.get(self.name)
        if worker is not None:
            hands.crew.do(worker, worker.life.stop(now_ns))

    def look(self, hands: Hands, now_ns: int) -> str | None:
        """Wait until it is gone; forget it then."""
        worker = hands.crew.workers.get(self.name)
        if worker is None:
            return ""
        if worker.life.running or worker.child is not None:
            return None
        del hands.crew.workers[self.name]
        hands.lifecycle.well(self.name)
        return ""


class Pause(Step):
    """Lets subscribers find a new publisher, or drain an old one."""

    def __init__(self, seconds: float) -> None:
        """Wait for nothing yet."""
        self.seconds = seconds

    def begin(self, hands: Hands, now_ns: int) -> None:
        """Do nothing."""

    def look(self, hands: Hands, now_ns: int) -> str | None:
        """Let the time pass."""
        return None


class Tell(Step):
    """Gives a running worker a new part of the configuration.

    Args:
        spec: The worker with its new part.
        part: What it is told; empty = only the supervisor needs to know.
    """

    seconds = 10.0

    def __init__(self, spec: WorkerSpec, part: Facts) -> None:
        """Tell nothing yet."""
        self.spec = spec
        self.part = part
        self.late = f"{spec.name} does not take the change in"
        self._due_ns = 0

    def begin(self, hands: Hands, now_ns: int) -> None:
        """Keep it for later lives, too."""
        hands.crew.workers[self.spec.name].respec(self.spec)

    def look(self, hands: Hands, now_ns: int) -> str | None:
        """Tell it until it counts what it was told to count."""
        worker = hands.crew.workers[self.spec.name]
        if not self.part or (self._due_ns and self._counts(worker)):
            return ""
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + TELL_NS
            hands.lifecycle.command(worker.name, "configure", [self.part])
        return None

    def _counts(self, worker: Worker) -> bool:
        beat = worker.watch.last
        counted = {name.partition(":")[2] for name in beat.counts} if beat else set()
        return counted == set(self.part["symbols"])


class Learn(Step):
    """Has the exchange worker learn symbols, owners and limits; it may refuse.

    Args:
        part: What it is to learn.
        spec: The exchange worker with its new part; None = only for now.
    """

    seconds = 10.0
    late = "the exchange worker does not answer"
    is_vital = True

    def __init__(self, part: Facts, spec: WorkerSpec | None = None) -> None:
        """Ask nothing yet."""
        self.part = part
        self.spec = spec
        self._result: str | None = None

    def begin(self, hands: Hands, now_ns: int) -> None:
        """Ask it."""
        if self.spec is not None:
            hands.crew.workers[self.spec.name].respec(self.spec)
        if not hands.ask("learn", self.part, self._answered):
            self._result = "the exchange worker is not ready; try again"

    def look(self, hands: Hands, now_ns: int) -> str | None:
        """Wait for the answer."""
        return self._result

    def _answered(self, facts: Facts) -> None:
        self._result = "" if facts.get("ok") else str(facts.get("error", "refused"))
        self.exit_code = int(facts.get("exit", self.exit_code))


def _is_ready(worker: Worker | None) -> bool:
    return worker is not None and worker.ready

"""What the supervisor tells everyone: who lives, who is ill, and orders to single workers."""

from collections.abc import Callable, Iterable
from typing import Any

from lib.bus.protocol import Command, Health, Roster
from lib.bus.sockets import Publisher
from lib.constants import NS_PER_SECOND
from supervisor.crew.worker import Worker

ROSTER_NS = NS_PER_SECOND // 4
"""Time between two rosters when nothing changes."""


class Lifecycle:
    """Publishes roster, health and commands.

    Args:
        publisher: The `lifecycle` socket.
        workers: Everybody.
        run_state: Returns the run's state.
    """

    def __init__(
        self, publisher: Publisher, workers: Iterable[Worker], run_state: Callable[[], str]
    ) -> None:
        """Know nobody ill."""
        self._publisher = publisher
        self._workers = workers
        self._run_state = run_state
        self._unhealthy: dict[str, str] = {}
        self.halted: list[str] = []
        self.due_ns = 0

    def rows(self) -> list[list[Any]]:
        """Return the roster's rows: the lives that may act."""
        return [
            [worker.name, worker.incarnation, worker.life.state.value]
            for worker in self._workers
            if not worker.condemned
        ]

    def publish(self, now_ns: int) -> None:
        """Publish the roster, and repeat who is ill: a newborn has not heard it."""
        self.due_ns = now_ns + ROSTER_NS
        self._publisher.send(Roster(self._run_state(), self.rows(), self.halted))
        for component, reason in self._unhealthy.items():
            self._publisher.send(Health(component, healthy=False, reason=reason))

    def command(self, worker: str, action: str, args: Iterable[Any] = ()) -> None:
        """Tell one worker to do something."""
        self._publisher.send(Command(worker, action, list(args)))

    def ill(self, component: str, reason: str) -> None:
        """Note that a component is ill; told at the change, and with every roster."""
        if component not in self._unhealthy:
            self._publisher.send(Health(component, healthy=False, reason=reason))
        self._unhealthy[component] = reason

    def well(self, component: str) -> None:
        """Note that a component is well again."""
        if self._unhealthy.pop(component, ""):
            self._publisher.send(Health(component, healthy=True, reason=""))

    def close(self) -> None:
        """Close the socket."""
        self._publisher.close()

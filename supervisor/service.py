"""What commands ask of a run (`commands.Served`)."""

import os
from typing import TYPE_CHECKING, Any

from lib.constants import NS_PER_SECOND, WorkerKind
from lib.timer import AbstractTimer
from supervisor.crew.births import Births
from supervisor.crew.crew import Crew
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.worker import Worker
from supervisor.processes.meter import Meter
from supervisor.renewing.renewal import Renewal, Reply
from supervisor.status import status

if TYPE_CHECKING:
    from supervisor.supervisor import Supervisor


class Service:
    """Does what commands ask for.

    Args:
        supervisor: Who stops.
        renewal: Changes what runs.
        epoch: The run's number.
        births: Knows the venue's addresses.
        crew: The workers.
        lifecycle: Tells them what to do.
        timer: The process's timer.
        meter: Reads what processes use.
    """

    def __init__(
        self,
        supervisor: "Supervisor",
        renewal: Renewal,
        epoch: int,
        births: Births,
        crew: Crew,
        lifecycle: Lifecycle,
        timer: AbstractTimer,
        meter: Meter,
    ) -> None:
        """Have been asked nothing."""
        self._supervisor = supervisor
        self._renewal = renewal
        self._epoch = epoch
        self._births = births
        self._crew = crew
        self._lifecycle = lifecycle
        self._timer = timer
        self._born_ns = timer.Monotonic()
        self._meter = meter

    # --- commands.Served ---

    def status(self) -> dict[str, Any]:
        """Return the status object."""
        now_ns = self._timer.Monotonic()
        head = {
            "project": self._renewal.plan.project,
            "pid": os.getpid(),
            "config": ", ".join(self._births.places.files),
            "state": self._supervisor.run_state(),
            "uptime_s": round((now_ns - self._born_ns) / NS_PER_SECOND, 3),
            "epoch": self._epoch,
            "venue": {key: self._births.venue.get(key, "") for key in ("rest_url", "ws_url")},
        }
        return status(head, self._crew, self._meter, now_ns)

    def stop(self, why: str, timeout: float | None = None) -> None:
        """Stop everything."""
        self._supervisor.stop(why, timeout)

    def restart(self, names: list[str], reply: Reply) -> None:
        """Restart the named workers one by one, all but the venue when none is named."""
        self._renewal.restart(names, reply)

    def reload(self, request: dict[str, Any], reply: Reply) -> None:
        """Show what a changed configuration changes, or take it over."""
        self._renewal.reload(request, reply)

    def worker_names(self) -> list[str]:
        """Return the names of all workers."""
        return list(self._crew.workers)

    def send(self, sender: str, owners: list[str], text: str) -> list[str]:
        """Hand a message to bots; return those of them that cannot get it now."""
        workers = {owner: self._crew.workers[f"{WorkerKind.BOT}:{owner}"] for owner in owners}
        for worker in workers.values():
            if worker.obeys:
                self._lifecycle.command(worker.name, "message", [sender, text])
        return [owner for owner, worker in workers.items() if not worker.obeys]

    def hook(self, worker: str, action: str) -> None:
        """Make a worker do what only tests want."""
        self._lifecycle.command(worker, action)

    def halt(self, owners: list[str]) -> None:
        """Have owners (`*` = everyone) add no risk from now on."""
        self._lifecycle.halted += [one for one in owners if one not in self._lifecycle.halted]
        self._lifecycle.publish(self._timer.Monotonic())

    def resume(self, owners: list[str]) -> None:
        """Let owners add risk again; none named = everyone."""
        kept = [one for one in self._lifecycle.halted if owners and one not in owners]
        self._lifecycle.halted[:] = kept
        self._lifecycle.publish(self._timer.Monotonic())

    def ask_exchange(self, action: str, request_id: str, wanted: dict[str, Any]) -> bool:
        """Hand a request to the exchange worker; return False when there is none."""
        worker = self._exchange()
        if worker is not None:
            self._lifecycle.command(worker.name, action, [request_id, wanted])
        return worker is not None

    @property
    def exchange_life(self) -> int:
        """The exchange worker's life that obeys now, 0 when there is none."""
        worker = self._exchange()
        return worker.incarnation if worker else 0

    @property
    def is_stopping(self) -> bool:
        """Whether it is on its way down."""
        return self._supervisor.is_stopping

    def _exchange(self) -> Worker | None:
        """Return the exchange worker if it obeys; who starts, hangs or ends would not hear it."""
        kind = WorkerKind.EXCHANGE
        return next((one for one in self._crew if one.spec.kind is kind and one.obeys), None)

"""Changes to a running system: restarts one by one, and a changed configuration."""

from collections.abc import Callable
from typing import Any

from lib.constants import WorkerKind
from supervisor.config.plan import Plan
from supervisor.crew.births import Births
from supervisor.crew.crew import Crew
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.preflight import Preflights
from supervisor.crew.worker import Worker
from supervisor.record.history import History
from supervisor.renewing.reload import Proposal, Reload
from supervisor.renewing.rolling import rolling
from supervisor.renewing.steps import Ask, Hands
from supervisor.renewing.walk import Done, Walk

Reply = Callable[[dict[str, Any]], None]


class Renewal:
    """Does what `restart` and `reload` ask for, step by step.

    Args:
        plan: What runs.
        births: Makes birth certificates.
        crew: The workers.
        lifecycle: Tells them what to do.
        history: Where it is noted.
        ask: Asks the exchange worker.
    """

    def __init__(
        self,
        plan: Plan,
        births: Births,
        crew: Crew,
        lifecycle: Lifecycle,
        history: History,
        ask: Ask,
    ) -> None:
        """Change nothing yet."""
        self._plan = plan
        self._births = births
        self._crew = crew
        self._history = history
        self._own_checks = crew.preflights
        self._proposed: tuple[Proposal, Done] | None = None
        self.walk = Walk(
            Hands(crew, lifecycle, ask),
            lambda trouble: history.add("supervisor", "change in trouble", trouble),
        )
        self._reload = Reload(births.places.files, lambda: self.plan, self._propose)

    @property
    def plan(self) -> Plan:
        """What runs now."""
        return self._plan._replace(workers=tuple(worker.spec for worker in self._crew))

    def restart(self, names: list[str], reply: Reply) -> None:
        """Restart workers one by one, all but the venue when none is named; answer at the end."""
        specs = [
            one.spec
            for one in self._crew
            if one.name in names or (not names and one.spec.kind is not WorkerKind.VENUE)
        ]
        chosen = [spec.name for spec in specs]

        def done(trouble: list[str], code: int) -> None:
            error = "; ".join(trouble)
            reply({"ok": not trouble, "workers": chosen, "error": error, "exit": code})

        self.walk.begin(rolling(specs, len(self.plan.streams)), done)

    @property
    def is_idle(self) -> bool:
        """Whether no change is under way."""
        return self._proposed is None and not self.walk.is_under_way

    @property
    def has_checks(self) -> bool:
        """Whether the newest preflights are a proposal's, taken over or not, not the start's."""
        return self._crew.preflights is not self._own_checks

    def renew(self, worker: Worker) -> None:
        """Replace one worker without a gap in the data of the others."""
        steps = rolling([worker.spec], len(self.plan.streams))
        self.walk.begin(steps, lambda _trouble, _code: None)

    def reload(self, request: dict[str, Any], reply: Reply) -> None:
        """Show what a changed configuration changes, or take it over."""
        self._reload.handle(request, reply)

    def checked(self, code: int, message: str) -> None:
        """Go on after a preflight of a proposal: take it over, or leave it."""
        if self._proposed is None:
            return
        proposal, done = self._proposed
        if message:
            self._proposed = None
            self._crew.preflights.drop()
            done([message], code)
        elif self._crew.start_checks():
            self._proposed = None
            self.walk.begin(proposal.steps(), lambda *end: self._taken_over(proposal, done, *end))

    def drop(self) -> None:
        """Change nothing any more."""
        if self._proposed is not None:
            self._proposed[1](["it is stopping"], 1)
            self._proposed = None
        self.walk.drop()

    def _propose(self, proposal: Proposal, done: Done) -> None:
        if self._proposed is not None or self.walk.is_under_way:
            done(["another change is under way; try again"], 1)
            return
        if not self._crew.preflights.passed:
            done(["it is still starting; try again"], 1)
            return
        self._history.add("supervisor", "reload", ", ".join(proposal.files))
        self._proposed = proposal, done
        self._crew.preflights = Preflights(self._births.preflights(proposal.plan))
        self._crew.start_checks()

    def _taken_over(self, proposal: Proposal, done: Done, trouble: list[str], code: int) -> None:
        workers = self._crew.workers
        known = [spec.name for spec in proposal.plan.workers if spec.name in workers]
        ordered = {name: workers[name] for name in dict.fromkeys([*known, *workers])}
        workers.clear()
        workers.update(ordered)
        if not trouble:
            self._plan = proposal.plan
        self._births.adopt(self.plan, proposal.files)
        self._history.add("supervisor", "reloaded", "; ".join(trouble))
        done(trouble, code)

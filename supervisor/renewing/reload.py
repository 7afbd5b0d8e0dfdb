"""Takes a changed configuration over while everything runs."""

from collections.abc import Callable
from typing import Any

from lib.constants import ExitCode, WorkerKind
from lib.errors import ConfigError
from supervisor.config.changes import Change, Effect, fixed_changes, kept, worker_changes
from supervisor.config.plan import Plan, WorkerSpec, make_plan
from supervisor.config.spec import load_spec
from supervisor.renewing.rolling import OVERLAP_SECONDS, replacing
from supervisor.renewing.steps import Add, Drop, Learn, Pause, Step, Tell

LISTS = ("symbols", "owners")
TABLES = ("on_crash",)


class Proposal:
    """A new configuration beside the one that runs (pure but for reading the files).

    Args:
        running: The plan that runs.
        files: Files of the new configuration.

    Raises:
        ConfigError: It is wrong.
    """

    def __init__(self, running: Plan, files: tuple[str, ...]) -> None:
        """Read and compare."""
        spec = load_spec(files)
        self.files = files
        self.warnings = spec.warnings
        self.running = running
        self.fixed = fixed_changes(running.spec, spec)
        self.plan = make_plan(kept(running.spec, spec))
        self.changes = worker_changes(running, self.plan)

    def rows(self) -> list[dict[str, str]]:
        """Return the differences as plain rows."""
        return [_row(change) for change in (*self.changes, *self.fixed)]

    def steps(self) -> list[Step]:
        """Return the steps from the running plan to the new one.

        The exchange worker comes first: it alone can say that a symbol cannot be traded, and then
        nothing has been changed yet.
        """
        before = {spec.name: spec for spec in self.running.workers}
        after = {spec.name: spec for spec in self.plan.workers}
        steps: list[Step] = []
        own = {change.name: change for change in self.changes}
        exchange = [name for name in own if name in after and _is(after[name], WorkerKind.EXCHANGE)]
        steps += [Learn(_union(before[name], after[name])) for name in exchange]
        steps += [Drop(name) for name in own if name not in after and _is_bot(before[name])]
        for name in exchange:
            steps += self._exchange(own[name], after[name])
        added = [name for name in own if name not in before]
        streams = [name for name in added if _is(after[name], WorkerKind.STREAM)]
        steps += [Add(after[name], is_vital=True) for name in streams]
        steps += [Pause(OVERLAP_SECONDS)] if streams else []
        for name, change in own.items():
            if name in before and name in after and name not in exchange:
                steps += self._changed(change, after[name], len(self.plan.streams))
        steps += [Add(after[name]) for name in added if name not in streams]
        gone = [name for name in own if name not in after and not _is_bot(before[name])]
        return steps + [Drop(name) for name in gone]

    def _exchange(self, change: Change, spec: WorkerSpec) -> list[Step]:
        if change.effect is Effect.TOLD:
            return [Learn(_part(spec), spec)]
        return replacing(spec, 1)

    def _changed(self, change: Change, spec: WorkerSpec, streams: int) -> list[Step]:
        if change.effect is Effect.RESTARTS:
            return replacing(spec, streams, is_vital=True)
        part = _part(spec) if spec.kind is WorkerKind.STREAM else {}
        return [Tell(spec, part)]


class Reload:
    """Answers `reload` requests.

    Args:
        files: The files that it was started with.
        running: Returns the plan that runs.
        apply: Checks a proposal where it can be checked, and takes it over; told whom to tell.
    """

    def __init__(
        self,
        files: tuple[str, ...],
        running: Callable[[], Plan],
        apply: Callable[[Proposal, Callable[[list[str], int], None]], None],
    ) -> None:
        """Know the files."""
        self._files = files
        self._running = running
        self._apply = apply

    def handle(self, request: dict[str, Any], reply: Callable[[dict[str, Any]], None]) -> None:
        """Show the differences, and take them over if the request says so."""
        files = tuple(request.get("files") or self._files)
        try:
            proposal = Proposal(self._running(), files)
        except ConfigError as error:
            reply({"ok": False, "error": str(error), "exit": int(ExitCode.USAGE)})
            return
        answer = {
            "ok": True,
            "files": list(files),
            "changes": proposal.rows(),
            "warnings": list(proposal.warnings),
            "applied": False,
            "trouble": "",
        }
        is_refused = bool(proposal.fixed) and not request.get("yes")
        if request.get("dry_run") or is_refused or not proposal.changes:
            reply(answer)
            return

        def done(trouble: list[str], code: int) -> None:
            if not trouble:
                self._files = files
            error = "; ".join(trouble)
            reply({**answer, "applied": not trouble, "trouble": error, "exit": code})

        self._apply(proposal, done)


def _row(change: Change) -> dict[str, str]:
    return {**change._asdict(), "effect": change.effect.value}


def _is(spec: WorkerSpec, kind: WorkerKind) -> bool:
    return spec.kind is kind


def _is_bot(spec: WorkerSpec) -> bool:
    return spec.kind is WorkerKind.BOT


def _part(spec: WorkerSpec) -> dict[str, Any]:
    part: dict[str, Any] = spec.config[spec.kind.value]
    return part


def _union(old: WorkerSpec, new: WorkerSpec) -> dict[str, Any]:
    """Return the new part with the symbols and owners of the old one: they still act."""
    before, after = _part(old), _part(new)
    lists = {key: list(dict.fromkeys([*after[key], *before[key]])) for key in LISTS}
    tables = {key: {**before[key], **after[key]} for key in TABLES}
    return {**after, **lists, **tables}

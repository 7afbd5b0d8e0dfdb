"""How a run's record is kept: makes its history with files, bounds and hooks."""

from collections.abc import Mapping
from typing import IO

from lib.config_tree import ConfigTree
from lib.folders import LOGS, log_path, state_dir
from lib.interpolation import variables
from lib.redaction import remember
from lib.timer import AbstractTimer
from supervisor.config.plan import Plan
from supervisor.options import Options
from supervisor.record.event_log import EventLog, events_path, newest_event
from supervisor.record.events import KILLED, STOPPED, SUPERVISOR, iso
from supervisor.record.history import History
from supervisor.record.hooks import Hooks, HookSettings
from supervisor.record.log_keeper import LogKeeper

HOOKS_LOG = "hooks"


def make_history(
    plan: Plan,
    epoch: int,
    log: IO[str],
    options: Options,
    timer: AbstractTimer,
    environment: Mapping[str, str],
) -> History:
    """Return the history of a run; a former run that ended without a goodbye is noted first.

    Args:
        plan: What runs.
        epoch: The run's number.
        log: The supervisor's log file.
        options: How it runs.
        timer: The process's timer.
        environment: The supervisor's own variables; a last line of a worker may hold a secret one.
    """
    for name in plan.secrets:
        remember(environment.get(name, ""))
    path = events_path(plan.project)
    before = newest_event(path)
    history = History(
        timer.Timestamp,
        epoch,
        log,
        quiet=options.quiet,
        as_json=plan.log_format == "json",
        events=EventLog(path, plan.bounds),
        hooks=_hooks(plan, epoch, environment),
        keeper=LogKeeper(state_dir(plan.project) / LOGS, plan.bounds),
    )
    if before is not None and before.event not in (STOPPED, KILLED):
        history.add(SUPERVISOR, KILLED, f"run {before.epoch}, last heard of {iso(before.at_ns)}")
    return history


def _hooks(plan: Plan, epoch: int, environment: Mapping[str, str]) -> Hooks | None:
    if not plan.hooks:
        return None
    asked = variables(ConfigTree({"": [hook.target for hook in plan.hooks]}), lambda _: True)
    own = {variable.name for variable in asked}
    return Hooks(
        HookSettings(
            hooks=plan.hooks,
            project=plan.project,
            epoch=epoch,
            events=events_path(plan.project),
            bounds=plan.bounds,
            environment={
                name: value
                for name, value in environment.items()
                if name in own or name not in plan.secrets
            },
            log=log_path(plan.project, HOOKS_LOG),
        )
    )

"""Which rules of care hold for one worker: all, its kind, itself, the nearest first (pure)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec

from lib.config_tree import ConfigTree
from lib.constants import WorkerKind
from supervisor.config.care_sections import (
    ResourcesPart,
    ResourcesSection,
    RestartPart,
    RestartSection,
    WatchdogSection,
)
from supervisor.config.convert import nearest
from supervisor.judges.policy import RestartPolicy
from supervisor.judges.sickness import Limits
from supervisor.judges.slowness import SlowLimits

S = TypeVar("S", bound=msgspec.Struct)


GRACE_SECONDS = 3.0
"""From SIGTERM to SIGKILL where the configuration says nothing; see `lib.defaults`."""


class Care(NamedTuple):
    """What makes a worker ill besides silence and old data, and where it runs.

    Args:
        slow: What is too late.
        resources: What it may use.
        errors: Errors within `window` that are too many; 0 = not watched.
        window: Seconds.
    """

    slow: SlowLimits = SlowLimits()
    resources: Limits = Limits()
    errors: int = 0
    window: float = 60.0


def policy_of(
    root: RestartSection, kind: WorkerKind, own: RestartPart | None, grace: float = GRACE_SECONDS
) -> RestartPolicy:
    """Return how a worker is brought back.

    Args:
        root: The rules of all.
        kind: Its kind, which may have rules.
        own: Its own rules.
        grace: Seconds from SIGTERM to SIGKILL where no rule says them.
    """
    found = _over(root, (getattr(root, kind.value), own))
    return RestartPolicy(
        backoff_min=found.backoff.first,
        backoff_max=found.backoff.last,
        limit=found.limit.count,
        window=found.limit.window,
        on_failed=found.on_failed,
        grace=grace if found.grace is None else float(found.grace),
        restarts_with=found.restarts_with,
    )


def care_of(
    watchdog: WatchdogSection,
    root: ResourcesSection,
    kind: WorkerKind,
    name: str,
    own: ResourcesPart | None,
) -> Care:
    """Return how a worker is cared for.

    Args:
        watchdog: What makes anybody ill.
        root: The resources of all.
        kind: Its kind, which may have rules.
        name: Its name, which may have rules.
        own: Rules that stand with its bot.
    """
    found = _over(root, (getattr(root, kind.value), own, root.workers.get(name)))
    resources = Limits(
        memory=int(found.memory or 0),
        memory_max=int(found.memory_max or 0),
        descriptors=found.descriptors or 0,
        cpu=found.cpu or 0.0,
        nice=found.nice or 0,
        cpus=found.cpus or (),
    )
    slow = SlowLimits(
        lag=float(watchdog.lag),
        delay=float(watchdog.delay),
        dropped=watchdog.dropped,
        restart_after=float(watchdog.slow_restart),
    )
    return Care(slow, resources, watchdog.errors.count, watchdog.errors.window)


def check_care(
    tree: ConfigTree,
    restart: RestartSection,
    resources: ResourcesSection,
    workers: Iterable[str],
    cores: Iterable[int],
) -> None:
    """Refuse rules that can never hold.

    Args:
        tree: Knows the places.
        restart: The rules of coming back.
        resources: The rules of resources.
        workers: Names of all workers.
        cores: Cores that there are.

    Raises:
        ConfigError: One names a worker or a core that there is not, or contradicts itself.
    """
    names = sorted(workers)
    known = [*(kind.value for kind in WorkerKind), *names]
    for steps, rules in _parts("restart", restart):
        for name in rules.restarts_with or ():
            if name not in known:
                text = f"there is no worker {name!r}; {nearest(name, known)}"
                raise tree.fail(text, (*steps, "restarts_with"))
    for steps, part in _parts("resources", resources):
        _check_resources(tree, steps, part, sorted(cores))
    for name, single in resources.workers.items():
        way = ("resources", "workers", name)
        if name not in names:
            raise tree.fail(f"there is no worker {name!r}; {nearest(name, names)}", way)
        _check_resources(tree, way, single, sorted(cores))


def _parts(section: str, root: S) -> Iterator[tuple[tuple[str, ...], S]]:
    yield (section,), root
    for kind in WorkerKind:
        if (part := getattr(root, kind.value)) is not None:
            yield (section, kind.value), part


def _check_resources(
    tree: ConfigTree, steps: tuple[str, ...], part: ResourcesPart, cores: list[int]
) -> None:
    for core in part.cpus or ():
        if core not in cores:
            raise tree.fail(f"there is no core {core}; there are {cores}", (*steps, "cpus"))
    if part.memory and part.memory_max and part.memory_max < part.memory:
        text = "memory_max is the hard limit and must not be below memory"
        raise tree.fail(text, (*steps, "memory_max"))


def _over(root: S, parts: Iterable[msgspec.Struct | None]) -> S:
    given = {
        name: value
        for part in parts
        if part is not None
        for name in part.__struct_fields__
        if (value := getattr(part, name)) is not None
    }
    return msgspec.structs.replace(root, **given)

"""What differs between the running plan and a new one, and what each difference takes (pure)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec.structs import replace

from lib.constants import WorkerKind
from lib.redaction import is_secret_name
from supervisor.config.plan import Plan, WorkerSpec
from supervisor.config.spec import Spec

ACCOUNT = ("rest_url", "ws_url", "key", "secret", "private_key", "paper")
"""Keys of the exchange's section that say whose orders and positions are traded."""
TOLD = {
    WorkerKind.VENUE: frozenset({"active"}),
    WorkerKind.EXCHANGE: frozenset({"symbols", "owners", "on_crash", "risk"}),
    WorkerKind.STREAM: frozenset({"symbols", "live_candles", "limits"}),
}
"""What workers of a kind take in while they run."""
SHOWN = 4
"""Differences of one worker that are listed."""
LONGEST = 48
"""Characters of one value that are shown."""


class Effect(StrEnum):
    """What a change takes."""

    STARTS = "starts"
    STOPS = "stops"
    RESTARTS = "restarts alone"
    TOLD = "runs on"
    FULL = "needs a full restart"


class Change(NamedTuple):
    """One row of the difference.

    Args:
        mark: `+`, `~` or `-`.
        name: A worker, or a part of the configuration.
        effect: What it takes.
        what: What differs, or why it takes so much.
    """

    mark: str
    name: str
    effect: Effect
    what: str


def fixed_changes(old: Spec, new: Spec) -> list[Change]:
    """Return what no running system can take over: it needs a full restart."""
    before, after = _fixed(old), _fixed(new)
    return [
        Change("~", name, Effect.FULL, why)
        for name, (value, why) in after.items()
        if before.get(name, (None, ""))[0] != value
    ]


def kept(old: Spec, new: Spec) -> Spec:
    """Return the new configuration with the old one's parts that need a full restart."""
    exchange = old.exchange
    if new.root.exchange == old.root.exchange:
        exchange = replace(new.exchange, **{key: getattr(exchange, key) for key in ACCOUNT})
    log = replace(old.root.log, level=new.root.log.level)
    root = replace(
        new.root,
        project=old.root.project,
        exchange=old.root.exchange,
        venue=old.root.venue,
        vault=old.root.vault,
        log=log,
        on_event=old.root.on_event,
        preload=old.root.preload,
    )
    general = {key: part for key, part in new.general.items() if key != "log"}
    general |= _log_of(old, new)
    return replace(
        new,
        root=root,
        exchange=exchange,
        general=general,
        vault=old.vault,
        secrets=old.secrets,
    )


def worker_changes(old: Plan, new: Plan) -> list[Change]:
    """Return what differs in the workers, in the order of the plan, those that go last."""
    before = {spec.name: spec for spec in old.workers}
    after = {spec.name: spec for spec in new.workers}
    found = []
    for name, spec in after.items():
        if name not in before:
            found.append(Change("+", name, Effect.STARTS, ""))
        elif effect := effect_of(before[name], spec):
            found.append(Change("~", name, effect, _words(before[name], spec)))
    gone = [name for name in before if name not in after]
    return found + [Change("-", name, Effect.STOPS, "cleans up first") for name in gone]


def effect_of(old: WorkerSpec, new: WorkerSpec) -> Effect | None:
    """Return what a worker's change takes, None when nothing of it has changed."""
    if old == new:
        return None
    if (old.heartbeat, old.care) != (new.heartbeat, new.care):
        return Effect.RESTARTS
    paths = [path for path, _, _ in differences(old.config, new.config)]
    return Effect.TOLD if all(_is_told(new, path) for path in paths) else Effect.RESTARTS


Path = tuple[str, ...]


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], above: Path = ()
) -> list[tuple[Path, Any, Any]]:
    """Return (path, old value, new value) of what differs; None = is not there."""
    found: list[tuple[Path, Any, Any]] = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(before, after, (*above, key))
        elif before != after:
            found.append(((*above, key), before, after))
    return found


def _log_of(old: Spec, new: Spec) -> dict[str, Any]:
    log = dict(old.general.get("log", {}))
    if new.root.log.level != old.root.log.level:
        log["level"] = new.root.log.level
    return {"log": log} if log else {}


def _fixed(spec: Spec) -> dict[str, tuple[Any, str]]:
    name = spec.root.exchange
    account = "another account has other orders and positions"
    parts = {f"{name}.{key}": (getattr(spec.exchange, key), account) for key in ACCOUNT}
    return {
        "project": (spec.project, "it names the run, its folders and its orders"),
        "exchange": (name, "orders and positions belong to it"),
        "venue": (spec.root.venue, "its market and its account would begin anew"),
        "log": (replace(spec.root.log, level="info"), "logs are kept as they were begun"),
        "preload": (spec.root.preload, "modules are imported ahead at the start"),
        "on_event": (spec.root.on_event, "hooks are made ready at the start"),
        "vault": ((spec.root.vault, spec.vault), "secrets are looked up at the start"),
        "secrets": (spec.secrets, "which variables are secret is settled at the start"),
        **parts,
    }


def _is_told(spec: WorkerSpec, path: Path) -> bool:
    if spec.kind is WorkerKind.BOT:
        # the exchange worker holds the limits; a bot's copy is for its information
        return len(path) > 3 and path[3] == "risk" and path[:2] == ("bot", "config")
    return len(path) > 1 and path[0] == spec.kind.value and path[1] in TOLD[spec.kind]


def _is_noise(path: Path) -> bool:
    """Return whether a difference follows from another one that is shown."""
    return path[:2] == ("exchange", "on_crash") or (path[0] == "bot" and "risk" in path)


def _words(old: WorkerSpec, new: WorkerSpec) -> str:
    found = [
        _difference(path, before, after)
        for path, before, after in differences(old.config, new.config)
        if not _is_noise(path)
    ]
    if old.heartbeat != new.heartbeat:
        found.append(f"heartbeat {old.heartbeat:g} -> {new.heartbeat:g}")
    parts = {"restart policy": "restart", "watchdog limits": "limits", "care": "care"}
    found += [name for name, part in parts.items() if getattr(old, part) != getattr(new, part)]
    more = [f"{len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return ", ".join(found[:SHOWN] + more)


def _difference(path: Path, before: Any, after: Any) -> str:
    name = path[-1]
    if is_secret_name(name):
        return f"{name} (secret)"
    if isinstance(before, list) and isinstance(after, list):
        marks = [f"+{one}" for one in _without(after, before)]
        marks += [f"-{one}" for one in _without(before, after)]
        return f"{name} {_short(' '.join(marks) or 'in another order')}"
    return f"{name} {_short(before)} -> {_short(after)}"


def _without(these: Iterable[Any], those: list[Any]) -> list[Any]:
    return [one for one in these if one not in those]


def _short(value: Any) -> str:
    text = "unset" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

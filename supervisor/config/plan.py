"""From the checked configuration to the workers that it asks for (pure).

Each worker's `config` is what `lib.bus.start.Start` carries: plain JSON, durations in float
seconds, and no secret but in the exchange worker's, where `${…}` is still unresolved.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from lib.constants import KEY, Channel, WorkerKind
from lib.init import PUBLIC
from lib.oms.proof import proof_of
from supervisor.config.bots import Bot
from supervisor.config.care_rules import GRACE_SECONDS, Care, care_of, policy_of
from supervisor.config.care_sections import ResourcesPart, RestartPart, WatchdogSection
from supervisor.config.hook_sections import hooks_of
from supervisor.config.plain import plain_section
from supervisor.config.section import Section
from supervisor.config.sections import (
    LimitsSection,
    RiskSection,
)
from supervisor.config.spec import Spec
from supervisor.judges.policy import RestartPolicy
from supervisor.judges.watch import LEARNED
from supervisor.record.bounds import Bounds
from supervisor.record.hook_rules import Hook

LIVE = "live"


class WorkerSpec(NamedTuple):
    """One worker to keep alive.

    Args:
        name: `venue`, `exchange`, `stream`, `stream-2`, `bot:<bot name>:<SYMBOL>`.
        kind: What it is.
        config: Its part of the configuration.
        limits: Channel -> longest age of its data in seconds, `watch.LEARNED` = learn it; what is
            not watched is left out.
        restart: How it is brought back.
        heartbeat: Seconds without a beat after which it is hung.
        care: What else makes it ill, and where it runs.
    """

    name: str
    kind: WorkerKind
    config: dict[str, Any]
    limits: dict[str, float]
    restart: RestartPolicy
    heartbeat: float
    care: Care = Care()


class Plan(NamedTuple):
    """The workers of a run in the order of their start; they stop in the reverse one.

    Args:
        project: Names the run.
        workers: Venue (if any), exchange, streams, bots.
        secrets: Environment variables that only the exchange worker may see.
        log_format: `text` or `json`.
        places: `file:line` of what only a worker can check: symbols and bots' classes.
        spec: The checked configuration that it was made from.
        bounds: How much of each log is kept.
        hooks: Whom to tell of events; variables in their targets are unresolved.
        preload: Modules that are imported once for all workers.
    """

    project: str
    workers: tuple[WorkerSpec, ...]
    secrets: frozenset[str]
    log_format: str
    places: dict[str, str]
    spec: Spec
    bounds: Bounds = Bounds(10_000_000, 5)
    hooks: tuple[Hook, ...] = ()
    preload: tuple[str, ...] = ()

    @property
    def streams(self) -> list[str]:
        """Names of the stream workers."""
        return [worker.name for worker in self.workers if worker.kind is WorkerKind.STREAM]

    def of_kind(self, kind: WorkerKind) -> list[WorkerSpec]:
        """Return the workers of one kind."""
        return [worker for worker in self.workers if worker.kind is kind]


def make_plan(spec: Spec) -> Plan:
    """Return the workers that a configuration asks for."""
    workers = [
        *_venue(spec),
        _exchange(spec),
        *_streams(spec),
        *(_bot(spec, bot, symbol) for bot in spec.bots for symbol in bot.section.symbols),
    ]
    log = spec.root.log
    return Plan(
        project=spec.project,
        workers=tuple(workers),
        secrets=spec.secrets,
        log_format=log.format,
        places=spec.places,
        spec=spec,
        bounds=Bounds(int(log.size), log.keep),
        hooks=hooks_of(spec.root),
        preload=tuple(spec.root.preload),
    )


def symbols_of(spec: Spec, *, watched: bool) -> list[str]:
    """Return the traded symbols of all bots in order, with those that are only watched or not."""
    found = [symbol for bot in spec.bots for symbol in bot.section.symbols]
    if watched:
        found += [symbol for bot in spec.bots for symbol in bot.section.watch]
    return list(dict.fromkeys(found))


def _venue(spec: Spec) -> list[WorkerSpec]:
    venue = spec.root.venue
    if venue is None:
        return []
    config = {**plain_section(venue), "active": symbols_of(spec, watched=True)}
    if not venue.symbols:
        config.pop("symbols")
    return [_worker(spec, "venue", WorkerKind.VENUE, {"venue": config}, {})]


def _exchange(spec: Spec) -> WorkerSpec:
    section = spec.exchange
    limits = _limits(spec.root.watchdog, [Channel.ACCOUNT, Channel.BOOK])
    config: dict[str, Any] = {
        **_public_section(spec),
        "name": spec.root.exchange,
        "symbols": symbols_of(spec, watched=False),
        "owners": [bot.owner(symbol) for bot in spec.bots for symbol in bot.section.symbols],
        "on_crash": {
            bot.owner(symbol): bot.section.on_crash
            for bot in spec.bots
            for symbol in bot.section.symbols
        },
        "limits": _known(limits),
    }
    for key in ("key", "secret", "private_key"):
        if value := getattr(section, key):
            config[key] = value
    worker = _worker(
        spec,
        "exchange",
        WorkerKind.EXCHANGE,
        {"exchange": config},
        {Channel.ACCOUNT.value: limits[Channel.ACCOUNT]} if Channel.ACCOUNT in limits else {},
    )
    if spec.vault:
        worker.config["general"]["vault"] = spec.vault
    return worker


def _streams(spec: Spec) -> list[WorkerSpec]:
    section = spec.root.stream
    limits = _limits(spec.root.watchdog, section.channels)
    config = {
        "name": spec.root.exchange,
        KEY.REST_URL: spec.exchange.rest_url.rstrip("/"),
        KEY.WS_URL: spec.exchange.ws_url.rstrip("/"),
        "symbols": symbols_of(spec, watched=True),
        "channels": list(section.channels),
        "store": list(section.store),
        "live_candles": _live_candles(spec),
        "limits": _known(limits),
        **_chosen(section, "depth", "renew", "streams_per_connection"),
    }
    names = ["stream"]
    if section.replicas > 1:
        names = [f"stream-{number + 1}" for number in range(section.replicas)]
    return [_worker(spec, name, WorkerKind.STREAM, {"stream": config}, limits) for name in names]


def _chosen(section: Section, *names: str) -> dict[str, Any]:
    plain = plain_section(section)
    return {name: plain[name] for name in names if name in plain}


def _bot(spec: Spec, bot: Bot, symbol: str) -> WorkerSpec:
    limits = _limits(spec.root.watchdog, spec.root.stream.channels)
    watch = [other for other in dict.fromkeys(bot.section.watch) if other != symbol]
    constructor = {
        **_general(spec),
        spec.root.exchange: _public_section(spec),
        **bot.settings_for(symbol),
        KEY.NAME: bot.name,
        KEY.SYMBOL: symbol,
        KEY.EXCHANGE: spec.root.exchange,
        KEY.WATCH: watch,
    }
    config = {
        "class": bot.target,
        "config": constructor,
        "symbols": [symbol, *watch],
        "live_candles": bot.section.candles == LIVE,
        "on_error": bot.section.on_error,
        "tap": bot.section.tap,
        "history": bot.section.history,
        "limits": _known(limits),
    }
    name = f"bot:{bot.owner(symbol)}"
    section = bot.section
    return _worker(
        spec, name, WorkerKind.BOT, {"bot": config}, limits, section.restart, section.resources
    )


def _worker(
    spec: Spec,
    name: str,
    kind: WorkerKind,
    own: dict[str, Any],
    limits: dict[str, float],
    restart: RestartPart | None = None,
    resources: ResourcesPart | None = None,
) -> WorkerSpec:
    config = {
        "factory": {"name": spec.root.factory, "parts": dict(spec.parts)},
        "general": _general(spec),
        **own,
    }
    root = spec.root
    policy = policy_of(root.restart, kind, restart, _grace(spec, kind))
    care = care_of(root.watchdog, root.resources, kind, name, resources)
    return WorkerSpec(name, kind, config, limits, policy, float(root.watchdog.heartbeat), care)


def _grace(spec: Spec, kind: WorkerKind) -> float:
    proves = kind is WorkerKind.EXCHANGE
    return proof_of(_public_section(spec)).grace_seconds if proves else GRACE_SECONDS


def _general(spec: Spec) -> dict[str, Any]:
    return {
        KEY.PROJECT: spec.project,
        KEY.EXCHANGE: spec.root.exchange,
        **spec.general,
    }


PROOF = ("order_window", "absence_margin", "absence_margin_conditional", "absence_apart")
"""Times of the exchange's section that prove an order absent."""


def _public_section(spec: Spec) -> dict[str, Any]:
    section = spec.exchange
    public = {
        KEY.REST_URL: section.rest_url.rstrip("/"),
        KEY.WS_URL: section.ws_url.rstrip("/"),
        "risk": {
            **_limits_of(section.risk),
            **_further_limits(section.risk),
        },
        "dead_man": float(section.dead_man),
        "dead_man_off": list(section.dead_man_off),
        "dead_man_covers_algo": section.dead_man_covers_algo,
        "conditional_entries": section.conditional_entries,
        "foreign_orders": section.foreign_orders,
        "journal_sync": section.journal_sync,
        "leverage": section.leverage,
        "margin_type": section.margin_type,
        **{name: float(getattr(section, name)) for name in PROOF},
        "paper": section.paper,
    }
    return {key: value for key, value in public.items() if key in PUBLIC and value is not None}


def _further_limits(risk: RiskSection) -> dict[str, Any]:
    parts = {
        "account": _limits_of(risk.account),
        "bots": {name: _limits_of(limits) for name, limits in risk.bots.items()},
    }
    return {key: part for key, part in parts.items() if part}


def _limits_of(section: LimitsSection) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name in LimitsSection.__struct_fields__
        if (value := getattr(section, name)) is not None
    }


def _limits(watchdog: WatchdogSection, channels: Any) -> dict[str, float]:
    found = {Channel(channel).value: watchdog.limit(channel) for channel in channels}
    return {channel: limit for channel, limit in found.items() if limit}


def _known(limits: dict[str, float]) -> dict[str, float]:
    # what is learned, the supervisor alone knows: a worker must not take it for a number
    return {channel: limit for channel, limit in limits.items() if limit != LEARNED}


def _live_candles(spec: Spec) -> bool:
    wanted = [spec.root.stream.candles, *(bot.section.candles for bot in spec.bots)]
    return LIVE in wanted

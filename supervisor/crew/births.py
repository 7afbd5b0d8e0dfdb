"""What each worker is born with (pure but for the environment that it is given)."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from lib.bus.start import Start
from lib.constants import NS_PER_SECOND, VAULT, WorkerKind
from supervisor.config.plan import Plan, WorkerSpec
from supervisor.service_manager import ADDRESS, VARIABLES

PREFLIGHT = "preflight"
BEATS_PER_LIMIT = 4
"""Beats that fit into the time after which a worker counts as hung."""
LONGEST_BEAT = 0.25
"""Seconds; ages of data are as fine as this."""
SECRET_VARIABLES = frozenset(
    {VAULT.KEY, VAULT.SECRET, VAULT.PRIVATE_KEY, VAULT.TOKEN, VAULT.PASSWORD}
)
"""Names that `EnvVault` looks up, in upper case: kept from every worker but the exchange's."""


class Places(NamedTuple):
    """Where a run keeps its files.

    Args:
        run_dir: Sockets.
        state_dir: What outlives the run.
        files: The configuration files.
    """

    run_dir: Path
    state_dir: Path
    files: tuple[str, ...]


class Births:
    """Makes birth certificates.

    Args:
        plan: The run's plan.
        places: The run's folders.
        epoch: The run's number.
        environment: The supervisor's own variables.
    """

    def __init__(
        self, plan: Plan, places: Places, epoch: int, environment: Mapping[str, str]
    ) -> None:
        """Know no venue yet."""
        self._plan = plan
        self.places = places
        self._epoch = epoch
        self._in_service = ADDRESS in environment
        secret = plan.secrets | {name.upper() for name in SECRET_VARIABLES}
        self._secrets = {name: environment[name] for name in sorted(secret) if name in environment}
        self.public_environment = {
            name: environment[name] for name in environment if name not in secret | VARIABLES
        }
        self.venue: dict[str, Any] = {}

    def adopt(self, plan: Plan, files: tuple[str, ...]) -> None:
        """Let later lives be born by a changed plan."""
        self._plan = plan
        self.places = self.places._replace(files=files)

    def preflights(self, proposed: Plan | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Return (name, config) of the checks that come before everything else.

        Args:
            proposed: Another plan than the one that runs.
        """
        plan = proposed or self._plan
        bots = [spec.config["bot"] for spec in plan.of_kind(WorkerKind.BOT)]
        classes = {bot["class"]: bot["config"]["name"] for bot in bots}
        first = plan.workers[0].config
        shared = {"factory": first["factory"], "general": first["general"]}
        checks = [("preflight:bots", {**shared, "bots": classes})]
        if not plan.of_kind(WorkerKind.VENUE):
            [exchange] = plan.of_kind(WorkerKind.EXCHANGE)
            more = {"environment": self._secrets, "in_service": self._in_service}
            checks.append(("preflight:exchange", {**exchange.config, **more}))
        return checks

    def worker(self, spec: WorkerSpec, incarnation: int, roster: list[list[Any]]) -> Start:
        """Return the certificate of one life of a worker."""
        config = deepcopy(spec.config)
        if self.venue:
            self._point_at_venue(spec, config)
        if spec.kind is WorkerKind.EXCHANGE:
            config["environment"] = self._secrets
        beat = min(LONGEST_BEAT, spec.heartbeat / BEATS_PER_LIMIT) if spec.heartbeat else None
        start = self._start(spec.name, spec.kind.value, config, incarnation, roster, beat)
        resources = spec.care.resources
        return msgspec.structs.replace(start, nice=resources.nice, cpus=resources.cpus)

    def check(self, name: str, config: dict[str, Any], incarnation: int) -> Start:
        """Return the certificate of a preflight."""
        return self._start(name, PREFLIGHT, config, incarnation, [], None)

    def _point_at_venue(self, spec: WorkerSpec, config: dict[str, Any]) -> None:
        # With a venue everybody's exchange is the venue, and its throw-away key is the key.
        urls = {key: self.venue[key] for key in ("rest_url", "ws_url")}
        secrets = {key: self.venue[key] for key in (VAULT.KEY, VAULT.SECRET)}
        match spec.kind:
            case WorkerKind.EXCHANGE:
                config["exchange"] |= {**urls, **secrets}
            case WorkerKind.STREAM:
                config["stream"] |= urls
            case WorkerKind.BOT:
                section = config["bot"]["config"].setdefault(config["general"]["exchange"], {})
                section |= urls

    def _start(
        self,
        name: str,
        kind: str,
        config: dict[str, Any],
        incarnation: int,
        roster: list[list[Any]],
        beat: float | None,
    ) -> Start:
        return Start(
            name=name,
            kind=kind,
            project=self._plan.project,
            run_dir=str(self.places.run_dir),
            state_dir=str(self.places.state_dir),
            incarnation=incarnation,
            epoch=self._epoch,
            config=config,
            streams=self._plan.streams,
            roster=roster,
            heartbeat_ns=round((beat or LONGEST_BEAT) * NS_PER_SECOND),
            log_format=self._plan.log_format,
        )

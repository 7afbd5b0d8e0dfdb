"""The checked configuration of one run: files in, `Spec` out, or one clear error."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lib.config_tree import ConfigTree, Steps
from lib.errors import ConfigError
from lib.folders import check_name
from lib.init import (
    HOOKS_SECTION,
    PUBLIC,
    VAULT_SECTION,
    exchanges_of,
    is_secret,
    load_config,
    seconds,
    secret_variables,
)
from lib.interpolation import Variable, fill_in, missing, missing_error
from lib.interpolation import variables as find_variables
from lib.redaction import is_secret_name, redact
from supervisor.config.bots import Bot, places_of, read_bots
from supervisor.config.care_rules import check_care
from supervisor.config.convert import convert, nearest
from supervisor.config.hook_sections import check_hooks
from supervisor.config.names import FACTORY_ROLES, check_adapter
from supervisor.config.sections import ExchangeSection, RootSection, VaultSection
from supervisor.config.units import Duration, Size
from supervisor.config.venue_rules import check_exchange, check_venue
from supervisor.record.hook_rules import NOTIFY

GENERAL = ("log", "influx", "timescale", "sqlite", "spool", "custom")
"""Sections that every worker gets."""
TIMEOUT = "timeout"
"""The one key of a vault's own section that is a duration."""
READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One run, checked.

    Args:
        files: The configuration files, merged left to right.
        root: All sections but the exchange's.
        exchange: The chosen exchange's section; its secrets still hold `${…}`.
        bots: The strategies, each with its own keys.
        parts: Factory role -> name of the class that overrides the factory's own.
        general: Sections that every worker gets, as plain dicts.
        vault: The vault's own section as a plain dict, its `${…}` unresolved; for the exchange
            worker alone.
        secrets: Names of environment variables that only the exchange worker may see.
        places: `file:line` of what only a worker can check: symbols and bots' classes.
        missing: Variables that are not set: an empty list where a run is to start.
        warnings: What is odd but not wrong, one line each.
    """

    files: tuple[str, ...]
    root: RootSection
    exchange: ExchangeSection
    bots: tuple[Bot, ...]
    parts: dict[str, str]
    general: dict[str, Any]
    vault: dict[str, Any]
    secrets: frozenset[str]
    places: dict[str, str]
    missing: tuple[Variable, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def project(self) -> str:
        """Name of the run."""
        return self.root.project


def load_spec(
    files: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    *,
    complete: bool = True,
) -> Spec:
    """Return the checked configuration of some files.

    Args:
        files: Paths, merged left to right.
        environment: Variables; the process's own by default.
        complete: Refuse a configuration whose variables are not all set; without it they are
            listed in `Spec.missing` and stay as they are written.

    Raises:
        ConfigError: Something is missing or wrong; the first such thing, with `file:line`.
    """
    variables = os.environ if environment is None else environment
    raw = load_config(files)
    lost = missing(find_variables(raw, lambda _: True), variables)
    if lost and complete:
        raise missing_error(lost)
    exchanges = exchanges_of(raw)
    tree = fill_in(raw, variables, lambda steps: not is_secret(steps, exchanges))
    return _check(tree, tuple(str(path) for path in files), tuple(lost), secret_variables(raw))


def _check(
    tree: ConfigTree, files: tuple[str, ...], lost: tuple[Variable, ...], secrets: frozenset[str]
) -> Spec:
    values = tree.values
    exchanges = exchanges_of(tree)
    known = [*RootSection.__struct_fields__, *sorted(exchanges)]
    for key in values:
        if key not in known:
            raise tree.fail(f"unknown key {key!r}; {nearest(key, known)}", (key,))
    plain = {key: value for key, value in values.items() if key not in exchanges}
    root = convert(tree, (), RootSection, plain)
    sections = {
        name: convert(tree, (name,), ExchangeSection, values.get(name, {}))
        for name in sorted(exchanges)
    }
    exchange = sections[root.exchange] if root.exchange in sections else ExchangeSection()
    try:
        check_name(root.project)
    except ConfigError as error:
        raise tree.fail(error.message, ("project",)) from None
    parts = _parts(tree, root)
    check_exchange(tree, root, exchange)
    check_hooks(tree, root)
    venue = check_venue(tree, root)
    bots = read_bots(tree, root)
    check_care(tree, root.restart, root.resources, _workers(root, bots), os.sched_getaffinity(0))
    return Spec(
        files=files,
        root=msgspec.structs.replace(root, venue=venue),
        exchange=exchange,
        bots=bots,
        parts=parts,
        general={key: _plain(getattr(root, key)) for key in GENERAL if key in values},
        vault=_vault(tree),
        secrets=secrets,
        places=places_of(tree, bots),
        missing=lost,
        warnings=tuple(_warnings(tree, exchanges)),
    )


def _workers(root: RootSection, bots: tuple[Bot, ...]) -> list[str]:
    """Return the names of the workers that there will be."""
    count = root.stream.replicas
    streams = [f"stream-{number + 1}" for number in range(count)] if count > 1 else ["stream"]
    owners = [bot.owner(symbol) for bot in bots for symbol in bot.section.symbols]
    venue = ["venue"] if root.venue is not None else []
    return [*venue, "exchange", *streams, *(f"bot:{owner}" for owner in owners)]


def _parts(tree: ConfigTree, root: RootSection) -> dict[str, str]:
    vault = root.vault.name if isinstance(root.vault, VaultSection) else root.vault
    named = {role: getattr(root, role) for role in FACTORY_ROLES if role != "vault"}
    parts = {role: name for role, name in {**named, "vault": vault}.items() if name}
    check_adapter(tree, ("factory",), "factory", root.factory)
    check_adapter(tree, ("exchange",), "exchange", root.exchange)
    for role, name in parts.items():
        check_adapter(tree, (role, "name"), role, name)
    return parts


def _plain(section: Any) -> dict[str, Any]:
    if isinstance(section, dict):
        return section
    given = {name: getattr(section, name) for name in section.__struct_fields__}
    return {name: _number(value) for name, value in given.items() if value is not None}


def _number(value: Any) -> Any:
    if isinstance(value, Size):
        return int(value)
    return float(value) if isinstance(value, Duration) else value


def _vault(tree: ConfigTree) -> dict[str, Any]:
    section = tree.values.get("vault")
    if not isinstance(section, dict):
        return {}
    found = {key: value for key, value in section.items() if key != "name"}
    if TIMEOUT in found:
        try:
            found[TIMEOUT] = seconds(found[TIMEOUT])
        except ConfigError as error:
            raise tree.fail(f"vault.timeout: {error.message}", ("vault", TIMEOUT)) from None
    return found


def _warnings(tree: ConfigTree, exchanges: frozenset[str]) -> list[str]:
    found = []
    for steps in _plain_secrets(tree.values, exchanges):
        place = tree.where(steps)
        if Path(place.file).stat().st_mode & READABLE_BY_OTHERS:
            found.append(
                f"{place}: a secret stands in a file that others can read; `chmod 600 {place.file}`"
            )
    return found


def _plain_secrets(values: dict[str, Any], exchanges: frozenset[str]) -> Iterator[Steps]:
    """Yield the ways to the secrets that are written as they are, not as variables."""
    for name in sorted({*exchanges, VAULT_SECTION, *GENERAL}):
        for key in _plain_texts(values.get(name)):
            if key not in PUBLIC if name in exchanges else _holds_secret(key, values[name][key]):
                yield name, key
    for number, hook in enumerate(values.get(HOOKS_SECTION, [])):
        for key in _plain_texts(hook):
            if key == NOTIFY or _holds_secret(key, hook[key]):
                yield HOOKS_SECTION, number, key


def _plain_texts(section: Any) -> list[str]:
    """Return the keys of a section under which text stands that is no variable."""
    pairs = section.items() if isinstance(section, dict) else ()
    return [key for key, value in pairs if isinstance(value, str) and "${" not in value]


def _holds_secret(key: str, value: str) -> bool:
    # By its name (`token: …`), or by what it looks like (`dsn: postgresql://me:password@host`).
    return is_secret_name(key) or redact(value) != value

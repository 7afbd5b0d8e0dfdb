"""Configuration files in, one dictionary out.

Rules:

* Files merge left to right: dicts merge, lists and scalars override; `null` takes a key away.
* A key may stand once per mapping.
* `${NAME}` and `${NAME:-default}` are replaced from the environment, `$${` is a literal `${`.
  A value written without quotes gets its type afterwards.
* Secrets stay as they are written until the process that owns them asks for `resolve`: what stands
  in the `vault` section, in the exchanges' sections under a name that `PUBLIC` lacks, and as
  `command`, `webhook` and `notify` of `on_event`.
* Durations have units (`lib.durations`); a bare number other than 0 is refused where a duration is
  meant. A strategy reads its own with `seconds(config["hold"])`.
"""

import os
import re
from collections.abc import Container, Iterable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from lib.config_tree import ConfigTree, Steps, load_tree, merge_trees
from lib.constants import KEY, VAULT
from lib.durations import rate, seconds, span
from lib.errors import ConfigError
from lib.interpolation import Variable, fill_in, missing, missing_error, resolve, variables
from lib.registry import ADAPTERS

__all__ = [
    "PUBLIC",
    "SECRET_NAMES",
    "exchanges_of",
    "find_files",
    "find_path",
    "init_service",
    "is_secret",
    "load_config",
    "needed",
    "rate",
    "resolve",
    "secret_variables",
    "seconds",
    "span",
]

VAULT_SECTION = "vault"
HOOKS_SECTION = "on_event"
HOOK_TARGETS = frozenset({"command", "webhook", "notify"})
PUBLIC = frozenset(
    {
        *(KEY.REST_URL, KEY.WS_URL, "risk", "dead_man", "dead_man_off", "dead_man_covers_algo"),
        *("conditional_entries", "foreign_orders", "journal_sync", "paper"),
        *("leverage", "margin_type"),
        *("order_window", "absence_margin", "absence_margin_conditional", "absence_apart"),
    }
)
"""Keys of an exchange's section that every process may see; all others are secrets."""
SECRET_NAMES = frozenset({VAULT.KEY, VAULT.SECRET, VAULT.PRIVATE_KEY, VAULT.TOKEN, VAULT.PASSWORD})


def init_service(
    files: Iterable[str | Path], environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the final dictionary of some files by this module's rules; secrets stay unresolved.

    Args:
        files: Paths, merged left to right.
        environment: Variables; the process's own by default.

    Raises:
        ConfigError: A file is missing or wrong, or a variable outside the secrets is not set;
            the message has `file:line`.
    """
    variables_by_name = os.environ if environment is None else environment
    tree = load_config(files)
    exchanges = exchanges_of(tree)
    lost = missing(
        variables(tree, lambda steps: not is_secret(steps, exchanges)), variables_by_name
    )
    if lost:
        raise missing_error(lost)
    return fill_in(tree, variables_by_name, lambda steps: not is_secret(steps, exchanges)).values


def load_config(files: Iterable[str | Path]) -> ConfigTree:
    """Return some files merged left to right, nothing replaced yet.

    Raises:
        ConfigError: A file is missing, is not YAML, or has no mapping; or there is none.
    """
    trees = [load_tree(path) for path in files]
    if not trees:
        raise ConfigError("no configuration file is given")
    merged = reduce(merge_trees, trees)
    return ConfigTree(_without_null(merged.values), merged.places, merged.plain)


def exchanges_of(tree: ConfigTree) -> frozenset[str]:
    """Return the names whose sections are exchanges': the registered ones and the chosen one."""
    chosen = tree.values.get(KEY.EXCHANGE)
    return frozenset(ADAPTERS["exchange"]) | ({chosen} if isinstance(chosen, str) else set())


def is_secret(steps: Steps, exchanges: Container[object]) -> bool:
    """Return whether a value is kept from most processes: the exchange's, a hook's own."""
    if not steps:
        return False
    if steps[0] == VAULT_SECTION or is_hook_target(steps):
        return True
    return len(steps) > 1 and steps[0] in exchanges and steps[1] not in PUBLIC


def is_hook_target(steps: Steps) -> bool:
    """Return whether a value is where a hook leads to: its URL may hold a token."""
    return len(steps) > 2 and steps[0] == HOOKS_SECTION and steps[2] in HOOK_TARGETS


def needed(tree: ConfigTree) -> tuple[list[Variable], list[Variable]]:
    """Return the variables (outside the secrets, in the secrets) of an unresolved tree.

    Raises:
        ConfigError: One is written wrongly.
    """
    exchanges = exchanges_of(tree)
    return (
        variables(tree, lambda steps: not is_secret(steps, exchanges)),
        variables(tree, lambda steps: is_secret(steps, exchanges)),
    )


def secret_variables(tree: ConfigTree) -> frozenset[str]:
    """Return the names of environment variables that only the exchange worker may see.

    Those that the secrets of the configuration ask for, and those that vaults look for: `KEY`,
    `BINANCE_FUTURES_KEY`, …, `VAULT_TOKEN`.

    Raises:
        ConfigError: A variable is written wrongly.
    """
    plain = {*(name.upper() for name in SECRET_NAMES), "VAULT_TOKEN"}
    prefixes = {re.sub(r"[^A-Z0-9]+", "_", name.upper()) for name in exchanges_of(tree)}
    prefixed = {f"{prefix}_{name}" for prefix in prefixes for name in plain}
    return frozenset({*(variable.name for variable in needed(tree)[1]), *plain, *prefixed})


def find_path(path: str, config_file: str) -> Path | None:
    """Return a file or folder named in a config: from the current folder, then the config's."""
    for candidate in (Path(path).expanduser(), Path(config_file).parent / path):
        if candidate.exists():
            return candidate.absolute()
    return None


def find_files(name: str, config_file: str) -> list[Path]:
    """Return the files of a name in a config, which may be a pattern like `recordings/*.tvr`.

    Args:
        name: As written.
        config_file: Where it is written; a name that the current folder knows nothing of is looked
            for beside it.
    """
    if not set(name) & set("*?["):
        found = find_path(name, config_file)
        return [] if found is None else [found]
    own = Path(name).expanduser()
    if own.is_absolute():
        return sorted(Path(own.anchor).glob(str(own.relative_to(own.anchor))))
    folders = (Path.cwd(), Path(config_file).absolute().parent)
    return next((files for folder in folders if (files := sorted(folder.glob(name)))), [])


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(part) for key, part in value.items() if part is not None}
    return value

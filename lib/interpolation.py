"""Environment variables in a configuration: `${NAME}` and `${NAME:-default}` (pure)."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lib.config_tree import ConfigTree, Steps, retype
from lib.errors import ConfigError

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Variable(NamedTuple):
    """A variable that a value asks for, and where (`file:line`)."""

    name: str
    where: str
    default: str | None


def variables(tree: ConfigTree, wanted: Callable[[Steps], bool]) -> list[Variable]:
    """Return the variables in the values that `wanted` picks, in the order of the file.

    Raises:
        ConfigError: One is written wrongly.
    """
    found: list[Variable] = []

    def note(text: str, steps: Steps) -> str:
        where = str(tree.where(steps))
        parts = [part for part in _VARIABLE.finditer(text) if part.group(0) != "$${"]
        found.extend(Variable(*_parse(part, where)) for part in parts)
        return text

    _map(tree.values, (), note, wanted)
    return found


def fill_in(
    tree: ConfigTree, environment: Mapping[str, str], wanted: Callable[[Steps], bool]
) -> ConfigTree:
    """Return the tree with variables replaced in the values that `wanted` picks.

    A variable that is not set stays as it is written (`missing` names it). A scalar written
    without quotes gets its type after the replacement: `port: ${PORT}` is an integer.
    """

    def replace(text: str, steps: Steps) -> Any:
        filled = substitute(text, environment, str(tree.where(steps)))
        return retype(filled) if filled != text and steps in tree.plain else filled

    values = _map(tree.values, (), replace, wanted)
    return ConfigTree(values, tree.places, tree.plain)


def missing(found: list[Variable], environment: Mapping[str, str]) -> list[Variable]:
    """Return the variables that are neither set nor have a default, each name once."""
    first = {
        variable.name: variable
        for variable in reversed(found)
        if variable.default is None and variable.name not in environment
    }
    return [first[name] for name in dict.fromkeys(v.name for v in found) if name in first]


def missing_error(lost: list[Variable]) -> ConfigError:
    """Return the one-line error that names every missing variable and its place."""
    names = ", ".join(
        variable.name if index == 0 else f"{variable.name} ({variable.where})"
        for index, variable in enumerate(lost)
    )
    many = len(lost) > 1
    return ConfigError(
        f"environment variable{'s' if many else ''} {names} {'are' if many else 'is'} not set; "
        f"`export {lost[0].name}=…` before `supervisor start`, "
        f"or write the value in place of ${{{lost[0].name}}}",
        lost[0].where,
    )


def substitute(text: str, environment: Mapping[str, str], where: str = "") -> str:
    """Return text with its variables replaced; one that is not set stays as it is written.

    `$${` stands for a literal `${`.

    Raises:
        ConfigError: A variable is written wrongly.
    """

    def value(part: re.Match[str]) -> str:
        if part.group(0) == "$${":
            return "${"
        name, _, default = _parse(part, where)
        found = environment.get(name, default)
        return part.group(0) if found is None else found

    return _VARIABLE.sub(value, text)


def resolve(values: Any, environment: Mapping[str, str]) -> Any:
    """Return values with all variables replaced; meant for the process that owns the secrets.

    Raises:
        ConfigError: A variable is not set; all missing ones are named, no value is.
    """
    tree = ConfigTree({"": values})
    lost = missing(variables(tree, lambda _: True), environment)
    if lost:
        names = ", ".join(variable.name for variable in lost)
        raise ConfigError(f"not set in the environment: {names}")
    return fill_in(tree, environment, lambda _: True).values[""]


def _parse(part: re.Match[str], where: str) -> tuple[str, str, str | None]:
    name, has_default, default = part.group(1).partition(":-")
    if not part.group(0).endswith("}") or not _NAME.match(name):
        raise ConfigError(
            f"{part.group(0)!r} is no variable; write ${{NAME}} or ${{NAME:-default}}, "
            "and $${ for a literal ${",
            where,
        )
    return name, where, default if has_default else None


def _map(
    value: Any, steps: Steps, change: Callable[[str, Steps], Any], wanted: Callable[[Steps], bool]
) -> Any:
    if isinstance(value, dict):
        return {key: _map(part, (*steps, key), change, wanted) for key, part in value.items()}
    if isinstance(value, list):
        return [_map(part, (*steps, i), change, wanted) for i, part in enumerate(value)]
    return change(value, steps) if isinstance(value, str) and wanted(steps) else value

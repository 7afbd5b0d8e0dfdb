"""Plain values into checked structs, with errors that a user can act on (pure)."""

import difflib
import re
from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from lib.config_tree import ConfigTree, Steps
from lib.errors import ConfigError
from supervisor.config.units import read_unit

S = TypeVar("S", bound=msgspec.Struct)

_AT = re.compile(r" - at `(?P<key>key in )?\$(?P<way>[^`]*)`\Z")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
    "decimal": "a number",
}


def convert(tree: ConfigTree, steps: Steps, kind: type[S], value: Any) -> S:
    """Return the value at `steps` as a checked struct.

    Args:
        tree: Knows the places.
        steps: Way to the value.
        kind: The struct.
        value: What stands there.

    Raises:
        ConfigError: An unknown key, a wrong type, a value out of range; with `file:line`.
    """
    refuse_unknown(tree, steps, kind, value)
    try:
        return msgspec.convert(value, kind, strict=False, dec_hook=read_unit)
    except msgspec.ValidationError as error:
        raise explain(tree, steps, kind, str(error), value) from None


def refuse_unknown(tree: ConfigTree, steps: Steps, kind: Any, value: Any) -> None:
    """Refuse keys that a struct does not have, anywhere below `steps`.

    Raises:
        ConfigError: There is one; the nearest right key is named.
    """
    if isinstance(value, list):
        for index, part in enumerate(value):
            refuse_unknown(tree, (*steps, index), _inner(kind, index), part)
    if not isinstance(value, dict):
        return
    struct = _struct(kind)
    if struct is None:
        return
    names = get_type_hints(struct, include_extras=True)
    closed = struct.__struct_config__.forbid_unknown_fields
    for key, part in value.items():
        if key in names:
            refuse_unknown(tree, (*steps, key), names[key], part)
        elif closed:
            raise tree.fail(
                f"unknown key {dotted((*steps, key))!r}; {nearest(key, names)}", (*steps, key)
            )


def explain(tree: ConfigTree, steps: Steps, kind: Any, message: str, value: Any) -> ConfigError:
    """Return a conversion's error in a user's words, with its place."""
    found = _AT.search(message)
    text = message[: found.start()] if found else message
    below: list[str | int] = []
    for name, index in _STEP.findall(found["way"] if found else ""):
        below.append(name or (int(index) if index else "..."))
    wrong = (*steps, *below)
    for step in below:
        value = _step_into(value, step)
        kind = _inner(kind, step)
    return tree.fail(f"{dotted(wrong)}: {_say(text, kind, value)}".removeprefix(": "), wrong)


def nearest(name: object, known: Iterable[str]) -> str:
    """Return `did you mean …?`, or a list of what would be right."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, 1, 0.6)
    lower = {candidate.lower(): candidate for candidate in names}
    if str(name).lower() in lower:
        close = [lower[str(name).lower()]]
    return f"did you mean {close[0]!r}?" if close else f"right would be: {', '.join(names)}"


def dotted(steps: Steps) -> str:
    """Return a way as users write it: `bots[0].symbols`."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _say(text: str, kind: Any, value: Any) -> str:
    if text.startswith("Invalid enum value"):
        return f"{value!r} is unknown; {nearest(value, _choices(kind))}"
    if text.startswith("Object missing required field"):
        return _say_missing(text.split("`")[1], value)
    if text.startswith("Invalid decimal"):
        return f"needs a number, not {value!r}"
    if "matching regex" in text and "://" not in text:
        return f"needs the names of Python modules, like pandas, not {value!r}"
    if "matching regex" in text:
        scheme = "ws://… or wss://…" if "wss" in text else "http://… or https://…"
        return f"needs an address like {scheme}, not {value!r}"
    wanted = re.match(r"Expected `([^`]+)`(?:, got `([^`]+)`)?(.*)", text)
    if wanted is None:
        return text
    names = " or ".join(
        _KINDS.get(part.strip(), part) for part in wanted[1].split("|") if part.strip() != "null"
    )
    if wanted[2] is None:
        limits = wanted[3].strip().replace("of length >= 1", "with at least one entry")
        return f"needs {names} {limits}".strip() + _got(value)
    hint = f"; write [{value}]" if wanted[1] == "array" and isinstance(value, str) else ""
    return f"needs {names}, not {_KINDS.get(wanted[2], wanted[2])}{_shown(value)}{hint}"


def _say_missing(name: str, value: Any) -> str:
    keys = value if isinstance(value, dict) else {}
    close = difflib.get_close_matches(name, list(keys), 1, 0.6)
    return f"{name!r} is missing" + (f"; is {close[0]!r} meant for it?" if close else "")


def _got(value: Any) -> str:
    return "" if isinstance(value, (dict, list)) else f", not {value!r}"


def _shown(value: Any) -> str:
    return "" if isinstance(value, (dict, list)) or value is None else f" {value!r}"


def _step_into(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    for candidate in _alternatives(kind):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def _inner(kind: Any, step: str | int) -> Any:
    struct = _struct(kind)
    if struct is not None:
        return get_type_hints(struct, include_extras=True).get(str(step))
    for candidate in _alternatives(kind):
        if get_origin(candidate) in (list, tuple):
            return get_args(candidate)[0]
        if get_origin(candidate) is dict:
            return get_args(candidate)[1]
    return None


def _alternatives(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [inner for part in get_args(kind) for inner in _alternatives(part)]
    return [kind]


def _choices(kind: Any) -> list[str]:
    return [
        str(choice)
        for part in _alternatives(kind)
        if get_origin(part) is Literal
        for choice in get_args(part)
    ]

"""A configuration whose values know where they were written: YAML in, values and places out."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from lib.errors import ConfigError

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

QUOTES = frozenset({"'", '"', "|", ">"})
"""Styles of scalars that are text because the user said so."""

Steps = tuple[str | int, ...]
"""Way to a value: keys and list positions from the top, like `("bots", 0, "symbols")`."""


class Place(NamedTuple):
    """Where something stands; `line` counts from 1, 0 is the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class ConfigTree:
    """Values of one or several merged files.

    Args:
        values: Plain dicts, lists and scalars.
        places: Where each value stands.
        plain: Scalars written without quotes: YAML chose their types, and may choose again after
            a variable was filled in.
    """

    values: dict[str, Any]
    places: dict[Steps, Place] = field(default_factory=dict)
    plain: frozenset[Steps] = frozenset()

    def where(self, steps: Steps) -> Place:
        """Return the place of a value, or of the nearest thing around it."""
        for end in range(len(steps), -1, -1):
            place = self.places.get(steps[:end])
            if place is not None:
                return place
        return Place("", 0)

    def fail(self, message: str, steps: Steps = ()) -> ConfigError:
        """Return the error that says `message` about a value, with its place."""
        return ConfigError(message, str(self.where(steps)))


def load_tree(path: str | Path) -> ConfigTree:
    """Read one YAML file.

    Raises:
        ConfigError: It cannot be read, is not YAML, repeats a key, or is no mapping.
    """
    name = str(path)
    try:
        text = Path(path).read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError("there is no such file", name) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", name) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8 text (byte {error.start})", name) from error
    return parse_tree(text, name)


def parse_tree(text: str, name: str) -> ConfigTree:
    """Read YAML text; `name` stands for the file in places.

    Raises:
        ConfigError: It is not YAML, repeats a key, or is no mapping.
    """
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return ConfigTree({}, {(): Place(name, 0)})
        reader = _Reader(loader, name)
        values = reader.read(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1 if mark else 0)
        raise ConfigError(f"YAML: {_explain(error, text)}", str(place)) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"YAML: {' '.join(str(error).split())}", name) from error
    finally:
        loader.dispose()
    if not isinstance(values, dict):
        raise ConfigError("a mapping is needed, like `project: sandbox`", str(Place(name, 1)))
    return ConfigTree(values, reader.places, frozenset(reader.plain))


def retype(text: str) -> Any:
    """Return what YAML takes an unquoted scalar for."""
    loader = Loader("")
    try:
        tag = loader.resolve(yaml.ScalarNode, text, (True, False))
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except (yaml.YAMLError, ValueError):
        return text
    finally:
        loader.dispose()


def merge(base: Any, over: Any) -> Any:
    """Return `base` overlaid by `over`: dicts merge, lists and scalars override."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    merged = dict(base)
    for key, value in over.items():
        merged[key] = merge(base[key], value) if key in base else value
    return merged


def merge_trees(base: ConfigTree, over: ConfigTree) -> ConfigTree:
    """Return two trees merged, each value keeping the place that it came from."""
    values = merge(base.values, over.values)
    replaced = {steps for steps, value in walk(over.values) if not isinstance(value, dict)}
    kept = {
        steps: place
        for steps, place in base.places.items()
        if not any(steps[:end] in replaced for end in range(1, len(steps) + 1))
    }
    places = {**over.places, **kept}
    places.update({steps: over.places[steps] for steps in replaced if steps in over.places})
    plain = {steps for steps in base.plain if steps in kept} | over.plain
    return ConfigTree(values, places, frozenset(plain))


def walk(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Yield (steps, value) of everything in a tree, outer things first."""
    yield steps, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from walk(part, (*steps, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from walk(part, (*steps, index))


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    message = error.problem or error.context or "not understood"
    mark = error.problem_mark
    lines = text.splitlines()
    if mark and mark.line < len(lines) and "${" in lines[mark.line]:
        message += "; within { } and [ ], put quotes around ${…}"
    return message


class _Reader:
    def __init__(self, loader: Any, name: str) -> None:
        self._loader = loader
        self._name = name
        self._open: set[int] = set()
        self.places: dict[Steps, Place] = {}
        self.plain: set[Steps] = set()

    def read(self, node: yaml.Node, steps: Steps) -> Any:
        self.places.setdefault(steps, self._place(node))
        if isinstance(node, yaml.ScalarNode):
            if node.style not in QUOTES:
                self.plain.add(steps)
            return self._scalar(node)
        if id(node) in self._open:
            raise ConfigError("an alias (`*name`) contains itself", str(self._place(node)))
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.read(part, (*steps, i)) for i, part in enumerate(node.value)]
            return self._mapping(node, steps)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, steps: Steps) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = merge(merged, self._merged(value_node, steps))
                continue
            key = self._key(key_node)
            if key in values:
                first = self.places[(*steps, key)].line
                place = str(self._place(key_node))
                raise ConfigError(f"key {key!r} stands here twice (first in line {first})", place)
            self.places[(*steps, key)] = self._place(key_node)
            values[key] = self.read(value_node, (*steps, key))
        return {**merged, **values}

    def _merged(self, node: yaml.Node, steps: Steps) -> dict[str, Any]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for part in reversed(parts):
            value = self.read(part, steps)
            if not isinstance(value, dict):
                raise ConfigError("`<<` needs a mapping", str(self._place(part)))
            merged.update(value)
        return merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            raise ConfigError("a key must be a plain word", str(self._place(node)))
        # the words as they were written: YAML takes `on` or `1` for something else
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            value = self._loader.construct_object(node)
        except ValueError as error:
            raise ConfigError(f"{node.value!r}: {error}", str(self._place(node))) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{node.value} is not a number", str(self._place(node)))
        return value

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._name, node.start_mark.line + 1)

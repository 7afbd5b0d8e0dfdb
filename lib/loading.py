"""Loads a user's classes: by the file they stand in, or by name and parent class."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from lib.errors import ConfigError
from lib.registry import find

Parent = TypeVar("Parent")


def class_by_file(path: Path | str, parent: type[Parent]) -> type[Parent]:
    """Return the class of a Python file that inherits from `parent`; of several, the last one.

    Raises:
        ConfigError: There is no such file, it does not import, or it has no such class.
    """
    return find("class", str(path), parent)


def class_by_name(name: str, parent: type[Parent]) -> type[Parent]:
    """Return the already imported class of this name below `parent`, or the one a path names.

    Args:
        name: `QuoterBot`, or `my.module:QuoterBot`, `my/file.py:QuoterBot`.
        parent: Class that it must inherit from.

    Raises:
        ConfigError: There is none, or several of one name.
    """
    if ":" in name or "." in name:
        return find("class", name, parent)
    found = {child for child in _children(parent) if child.__name__ == name}
    if len(found) > 1:
        # a class that was made while running stands behind the one that it was made from
        found = {child for child in found if _stands_in_its_module(child)} or found
    if len(found) == 1:
        return found.pop()
    known = ", ".join(sorted({child.__name__ for child in _children(parent)})) or "none"
    problem = f"{len(found)} classes" if found else "no class"
    raise ConfigError(f"{problem} of name {name!r} below {parent.__name__}; known: {known}")


def _stands_in_its_module(child: type) -> bool:
    return getattr(sys.modules.get(child.__module__), child.__name__, None) is child


def _children(parent: type[Parent]) -> Iterator[type[Parent]]:
    for child in parent.__subclasses__():
        yield child
        yield from _children(child)

"""Names of adapters in a configuration: checked by the registry's strings, nothing is imported."""

from importlib.metadata import entry_points
from pathlib import Path

from lib.config_tree import ConfigTree, Steps
from lib.init import find_path
from lib.registry import ADAPTERS
from supervisor.config.convert import nearest

FACTORY_ROLES = ("database", "logger", "state", "vault", "timer")
"""Parts of a factory that a configuration may override."""


def check_adapter(tree: ConfigTree, steps: Steps, role: str, name: str) -> str:
    """Return an adapter's name; one that is a file gets its whole path.

    Dotted paths are taken as they are: the worker that imports them says what is wrong.

    Raises:
        ConfigError: It is neither registered, nor an entry point, nor a path of a kind; or the
            file is not there.
    """
    path, colon, class_name = name.partition(":")
    if path.endswith(".py"):
        place = tree.where(steps)
        found = find_path(path, place.file)
        if found is None or not found.is_file():
            config_folder = Path(place.file).absolute().parent
            raise tree.fail(
                f"there is no file {path} (looked in {Path.cwd()} and {config_folder})", steps
            )
        return f"{found}{colon}{class_name}"
    known = ADAPTERS[role]
    if name in known or entry_points(group=f"tickvisor.{role}", name=name):
        return name
    # modules are in lower case: `BINANCE.SPOT` is a name that nobody has registered
    if ":" in name or ("." in name and name != name.upper()):
        return name
    raise tree.fail(f"unknown {role} {name!r}; {nearest(name, known)}", steps)


def stem(name: str) -> str:
    """Return the short name of an adapter: its file's or module's."""
    target = ADAPTERS["bot"].get(name, name)
    path, _, class_name = target.partition(":")
    if path.endswith(".py"):
        return Path(path).stem
    if class_name:
        return path.rpartition(".")[2]
    return path.rpartition(".")[0].rpartition(".")[2] or path

"""`backtest.latency` of a configuration: how long each way takes."""

from pathlib import Path
from typing import Any

from lib.config_tree import ConfigTree, Steps
from lib.durations import seconds
from lib.init import find_path

MOMENTS = "moments"
LATENCIES = ("market", "order", "cancel", "account", MOMENTS)
DEFAULT_LATENCY = {"market": "2ms", "order": "5ms", "cancel": "5ms", "account": "5ms"}
"""A host in the exchange's region: a few ms to the matching engine and back."""


def read_section(tree: ConfigTree, steps: Steps, given: Any) -> dict[str, Any]:
    """Return what a latency section says: seconds, lists of seconds, names of files.

    Args:
        tree: The configuration.
        steps: Where the section stands in it.
        given: Its content.

    Returns:
        A value for each of `LATENCIES`; `moments` is the path of a file, "" for none.

    Raises:
        ConfigError: A key, a duration, or the name of a file is wrong.
    """
    if not isinstance(given, dict) or set(given) - set(LATENCIES):
        names = ", ".join(LATENCIES)
        raise tree.fail(f"backtest.latency must be a mapping of {names}", steps)
    moments = _find(tree, (*steps, MOMENTS), str(given.get(MOMENTS) or ""))
    found: dict[str, Any] = {MOMENTS: moments}
    wanted: dict[str, Any] = DEFAULT_LATENCY | given
    for name in LATENCIES[:-1]:
        value = wanted[name]
        if isinstance(value, list):
            found[name] = [seconds(each) for each in value]
        elif isinstance(value, str) and not value[:1].isdigit():
            found[name] = value  # a file of measured rows
        else:
            found[name] = seconds(value)
    if not isinstance(found["market"], float):
        raise tree.fail("backtest.latency.market must be one duration", steps)
    return found


def _find(tree: ConfigTree, steps: Steps, name: str) -> str:
    if not name:
        return ""
    file = tree.where(steps).file
    # Beside its own file first: each run's folder has one of the same name.
    beside = Path(file).parent / name
    found = beside.absolute() if beside.is_file() else find_path(name, file)
    if found is None:
        raise tree.fail(f"backtest.latency.moments: there is no file {name}", steps)
    return str(found)

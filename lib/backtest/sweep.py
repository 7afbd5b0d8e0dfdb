"""Many backtests of one configuration: the trials, their folders, their figures (pure)."""

import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.errors import ConfigError

PARAMS = "params.json"
"""File in a trial's folder: what the trial is."""
MOST_TRIALS = 100_000


@dataclass(frozen=True)
class Trial:
    """One set of parameters over one span of time.

    Args:
        params: Key -> value, as texts.
        start: `--from` of its backtest.
        end: `--to` of its backtest.
        folder: For its results.
    """

    params: tuple[tuple[str, str], ...]
    start: str
    end: str
    folder: Path

    def command(self, files: Sequence[str]) -> list[str]:
        """Return the command that runs it."""
        words = [sys.executable, "-m", "lib.backtest", "backtest", files[0], "--quiet", "--json"]
        for file in files[1:]:
            words += ["--add", file]
        for key, value in self.params:
            words += ["--param", f"{key}={value}"]
        for option, value in (("--from", self.start), ("--to", self.end)):
            words += [option, value] if value else []
        return [*words, "--out", str(self.folder)]

    @property
    def text(self) -> str:
        """What the file `PARAMS` in its folder holds."""
        told = {"params": dict(self.params), "from": self.start, "to": self.end}
        return json.dumps(told, indent=1) + "\n"


Row = tuple[Trial, dict[str, Any]]
"""A trial and its results."""


def read_trial(path: Path) -> Trial:
    """Return the trial that a file `PARAMS` tells of."""
    told = json.loads(path.read_text("utf-8"))
    return Trial(tuple(told["params"].items()), told["from"], told["to"], path.parent)


def read_grid(params: Sequence[str]) -> dict[str, list[str]]:
    """Return key -> values of `key=a,b,c` words.

    Raises:
        ConfigError: One has no values, or a key comes twice.
    """
    grid: dict[str, list[str]] = {}
    for param in params:
        key, _, text = param.partition("=")
        values = [value.strip() for value in text.split(",") if value.strip()]
        if not key.strip() or not values:
            raise ConfigError(f"--param {param!r} must be like width=0.0001,0.0002,0.0005")
        if key.strip() in grid:
            raise ConfigError(f"--param {key}: it is given twice; write all values in one")
        grid[key.strip()] = values
    return grid


def combinations(grid: Mapping[str, Sequence[str]]) -> list[tuple[tuple[str, str], ...]]:
    """Return every combination of a grid's values.

    Raises:
        ConfigError: There are more than anybody would run.
    """
    count = 1
    for values in grid.values():
        count *= len(values)
    if count > MOST_TRIALS:
        raise ConfigError(f"{count:,} combinations are more than {MOST_TRIALS:,}")
    rows = itertools.product(*grid.values())
    return [tuple(zip(grid, row, strict=True)) for row in rows]


def folder_name(params: Sequence[tuple[str, str]]) -> str:
    """Return a readable folder name of some parameters."""
    text = ",".join(f"{key}={value}" for key, value in params) or "as-it-is"
    return "".join(mark if mark.isalnum() or mark in ".=,-_" else "_" for mark in text)[:200]


def figure(summary: Mapping[str, Any], name: str) -> float:
    """Return a figure of a run's total, dots leading inwards: `profit`, `mark_outs.5.bps`.

    Raises:
        ConfigError: There is no such number.
    """
    value: Any = summary["total"]
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            known = ", ".join(summary["total"])
            raise ConfigError(f"--by {name}: there is no such figure; there are {known}")
        value = value[step]
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigError(f"--by {name}: it is not a number") from None


def windows(start_ns: int, end_ns: int, folds: int, train: int) -> Iterator[tuple[int, int, int]]:
    """Yield (train start, test start, test end) of walk-forward folds, ns.

    The span is cut into `train + folds` equal parts; fold i trains on the `train` parts before
    its test part, so that no test part is ever trained on before it was tested.

    Raises:
        ConfigError: There is not one second for each part.
    """
    part_ns = (end_ns - start_ns) // (folds + train)
    if part_ns < 1_000_000_000:
        raise ConfigError("the span is too short for so many folds")
    for fold in range(folds):
        first = start_ns + fold * part_ns
        test = first + train * part_ns
        yield first, test, test + part_ns

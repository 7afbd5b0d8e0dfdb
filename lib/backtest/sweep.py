"""Many backtests of one configuration: the trials, their folders, their order of merit."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.backtest.results import RESULTS, read_results
from lib.errors import ConfigError

PARAMS = "params.json"
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


def run_trials(
    trials: Sequence[Trial],
    files: Sequence[str],
    processes: int,
    tell: Callable[[Trial, dict[str, Any]], None],
) -> None:
    """Run trials in processes of their own; what has a result already is not run again.

    Args:
        trials: What to run.
        files: Configuration files.
        processes: How many at once.
        tell: Told each result as it comes.

    Raises:
        ConfigError: A trial's backtest refuses its parameters.
    """
    for trial in trials:
        _check_params(trial)
    with ThreadPoolExecutor(processes) as pool:
        waiting: dict[Future[dict[str, Any]], Trial] = {
            pool.submit(run_trial, trial, files): trial for trial in trials
        }
        try:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    tell(waiting.pop(future), future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run_trial(trial: Trial, files: Sequence[str]) -> dict[str, Any]:
    """Return the results of one trial, running it unless it has been run.

    Raises:
        ConfigError: Its backtest refused its parameters, or failed.
    """
    if (trial.folder / RESULTS).exists():
        found = read_results(trial.folder)
        if found["complete"]:
            return found
    trial.folder.mkdir(parents=True, exist_ok=True)
    (trial.folder / PARAMS).write_text(_params_text(trial), "utf-8")
    done = subprocess.run(  # noqa: S603 - our own module
        trial.command(files), capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise ConfigError(f"trial {trial.folder.name}: {lines[-1]}")
    return read_results(trial.folder)


def _params_text(trial: Trial) -> str:
    told = {"params": dict(trial.params), "from": trial.start, "to": trial.end}
    return json.dumps(told, sort_keys=True, indent=1) + "\n"


def _check_params(trial: Trial) -> None:
    path = trial.folder / PARAMS
    if path.exists() and path.read_text("utf-8") != _params_text(trial):
        raise ConfigError(f"{trial.folder} is of another sweep; choose another --out")


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

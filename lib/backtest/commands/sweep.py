"""`supervisor sweep`: parameter grids, studies and walk-forward tests, in several processes."""

import os
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lib.backtest.cli import Parser, add_config
from lib.backtest.folders import next_folder
from lib.backtest.params import apply_params
from lib.backtest.progress import Progress
from lib.backtest.report.sweep_page import SweepTable
from lib.backtest.results import RESULTS, read_results
from lib.backtest.settings import load_settings
from lib.backtest.sources import open_market
from lib.backtest.study import Study
from lib.backtest.sweep import (
    PARAMS,
    Row,
    Trial,
    combinations,
    figure,
    folder_name,
    read_grid,
    read_trial,
    windows,
)
from lib.backtest.trials import Trials
from lib.constants import ExitCode
from lib.errors import ConfigError, TickvisorError
from lib.init import load_config

DESCRIPTION = "Run many backtests over parameters: a grid, or an Optuna study; resumable."
EXAMPLES = """  supervisor sweep yaml/backtest.yaml --param width=0.0001,0.0002 --processes 2
  supervisor sweep yaml/backtest.yaml --param width=0.0001..0.001:log --trials 50 --by sharpe
  supervisor sweep my.yaml --param width=0.0001,0.0002 --walk-forward 4 --out runs/wf"""
TABLE, BEST, PAGE = "sweep.csv", "best.json", "sweep.html"


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    add_config(parser)
    parser.add_argument(
        "--param",
        metavar="KEY=VALUES",
        action="append",
        default=[],
        help="values `a,b,c`, or with --trials a range `low..high[:log]`",
    )
    parser.add_argument("--out", metavar="FOLDER", default="", help="the same again: goes on there")
    parser.add_argument(
        "--by", metavar="FIGURE", default="profit", help="what to maximise (profit)"
    )
    parser.add_argument("--trials", metavar="N", type=_positive, default=0, help="draw N by Optuna")
    parser.add_argument(
        "--walk-forward",
        metavar="N",
        type=_positive,
        default=0,
        help="N folds: best before, tried after",
    )
    parser.add_argument(
        "--train",
        metavar="N",
        type=_positive,
        default=2,
        help="parts to train on, per tested part (2)",
    )
    parser.add_argument(
        "--processes", metavar="N", type=_positive, default=os.cpu_count() or 1, help="(all cores)"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def run(arguments: Namespace) -> int:
    """Run the sweep.

    Raises:
        ConfigError: A parameter or the configuration is wrong.
        TickvisorError: No trial has results.
    """
    files = [arguments.config, *arguments.add]
    # A wrong configuration is told once, not by every trial.
    settings = load_settings(files, (), arguments.start, arguments.end)
    _check(arguments, files)
    out = Path(arguments.out) if arguments.out else next_folder(f"{settings.project}-sweep")
    count = _count(arguments)
    with Progress("sweep", 0, count, wanted=not arguments.quiet) as bar:
        trials = Trials(files, arguments.processes, arguments.by, bar)
        bar.show(0)
        try:
            rows = _rows(arguments, trials, out, settings.seed)
        except KeyboardInterrupt:
            raise TickvisorError(f"interrupted; the same with --out {out} goes on there") from None
    if not rows:
        raise TickvisorError(f"all {trials.failed} trials failed; see {out}")
    table = SweepTable(out.name, rows, arguments.by, folds=bool(arguments.walk_forward))
    for name, text in ((TABLE, table.csv()), (BEST, table.best()), (PAGE, table.html())):
        (out / name).write_text(text, "utf-8")
    sys.stdout.write(table.text())
    failed = f", {trials.failed} failed" if trials.failed else ""
    sys.stdout.write(f"\n{len(rows)} trials{failed} in {out}: {TABLE}, {PAGE}, {BEST}\n")
    return ExitCode.ERROR if trials.failed else ExitCode.DONE


def _check(arguments: Namespace, files: Sequence[str]) -> None:
    if not arguments.param:
        raise ConfigError("a sweep needs at least one --param, like width=0.0001,0.0002")
    if arguments.trials and arguments.walk_forward:
        raise ConfigError("--walk-forward goes with a grid, not with --trials")
    values = load_config(files).values
    for param in arguments.param:
        apply_params(values, [param])
        if ".." in param and not arguments.trials:
            raise ConfigError(f"--param {param}: a range needs --trials; a grid takes values a,b,c")


def _count(arguments: Namespace) -> int:
    if arguments.trials:
        return int(arguments.trials)
    grid = len(combinations(read_grid(arguments.param)))
    return (grid + 1) * arguments.walk_forward if arguments.walk_forward else grid


def _rows(arguments: Namespace, trials: Trials, out: Path, seed: int) -> list[Row]:
    if arguments.trials:
        return _study(arguments, trials, out, seed)
    if arguments.walk_forward:
        return _walk_forward(arguments, trials, out)
    return _grid(arguments, trials, out, (arguments.start, arguments.end))


def _grid(arguments: Namespace, trials: Trials, out: Path, span: tuple[str, str]) -> list[Row]:
    rows = trials.run(
        [
            Trial(params, *span, out / folder_name(params))
            for params in combinations(read_grid(arguments.param))
        ]
    )
    return sorted(rows, key=lambda row: -figure(row[1], arguments.by))


def _walk_forward(arguments: Namespace, trials: Trials, out: Path) -> list[Row]:
    files = [arguments.config, *arguments.add]
    source = open_market(load_settings(files, (), arguments.start, arguments.end))
    if source.last_ns >= 1 << 63:
        raise ConfigError("walk-forward must know the end: give --to, or convert to .tvr first")
    tested: list[Row] = []
    folds = windows(source.start_ns, source.last_ns, arguments.walk_forward, arguments.train)
    for number, (first, test, end) in enumerate(folds, 1):
        folder = out / f"fold-{number}"
        best = _grid(arguments, trials, folder / "train", (_moment(first), _moment(test)))
        for trained, _ in best[:1]:
            trial = Trial(trained.params, _moment(test), _moment(end), folder / "test")
            tested += trials.run([trial])
    return tested


def _moment(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def _study(arguments: Namespace, trials: Trials, out: Path, seed: int) -> list[Row]:
    ranges = dict(param.partition("=")[::2] for param in arguments.param)
    study = Study(out, ranges, seed)
    while study.done < arguments.trials:
        # As many at once as there are processes; each round knows all rounds before it.
        count = min(arguments.processes, arguments.trials - study.done)
        asked = [study.ask() for _ in range(count)]
        batch = [
            Trial(params, arguments.start, arguments.end, out / folder_name(params))
            for params in dict.fromkeys(params for _, params in asked)
        ]
        found = {trial.params: summary for trial, summary in trials.run(batch)}
        for handle, params in asked:
            summary = found.get(params)
            study.tell(handle, None if summary is None else figure(summary, arguments.by))
    whole = [path for path in sorted(out.glob(f"*/{PARAMS}")) if _is_whole(path.parent)]
    rows = trials.run([read_trial(path) for path in whole])
    return sorted(rows, key=lambda row: -figure(row[1], arguments.by))


def _is_whole(folder: Path) -> bool:
    return (folder / RESULTS).exists() and bool(read_results(folder)["complete"])

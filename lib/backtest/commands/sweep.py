"""`supervisor sweep`: parameter grids, studies and walk-forward tests, in several processes."""

import csv
import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from lib.backtest.cli import Parser, add_config
from lib.backtest.folders import next_folder
from lib.backtest.params import apply_params
from lib.backtest.report.chart import bars
from lib.backtest.report.style import CSS
from lib.backtest.report.tables import html_table
from lib.backtest.results import read_results
from lib.backtest.settings import load_settings
from lib.backtest.sources import open_market
from lib.backtest.study import Study
from lib.backtest.sweep import (
    Trial,
    combinations,
    figure,
    folder_name,
    read_grid,
    run_trial,
    run_trials,
    windows,
)
from lib.backtest.terminal import aligned
from lib.constants import ExitCode
from lib.errors import ConfigError
from lib.init import load_config

DESCRIPTION = "Run many backtests over parameters: a grid, or an Optuna study; resumable."
EXAMPLES = """  supervisor sweep yaml/backtest.yaml --param width=0.0001,0.0002 --processes 2
  supervisor sweep yaml/backtest.yaml --param width=0.0001..0.001:log --trials 50 --by sharpe
  supervisor sweep my.yaml --param width=0.0001,0.0002 --walk-forward 4 --out runs/wf"""
COLUMNS = ("profit", "fees", "fills", "fill_ratio", "max_drawdown", "sharpe")
TABLE, BEST, PAGE = "sweep.csv", "best.json", "sweep.html"
SHOWN = 20

Row = tuple[Trial, dict[str, Any]]


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
    parser.add_argument("--trials", metavar="N", type=int, default=0, help="draw N by Optuna")
    parser.add_argument(
        "--walk-forward", metavar="N", type=int, default=0, help="N folds: best before, tried after"
    )
    parser.add_argument(
        "--train", metavar="N", type=int, default=2, help="parts to train on, per tested part (2)"
    )
    parser.add_argument(
        "--processes", metavar="N", type=int, default=os.cpu_count() or 1, help="(all cores)"
    )


def run(arguments: Namespace) -> int:
    """Run the sweep.

    Raises:
        ConfigError: A parameter or the configuration is wrong.
    """
    files = [arguments.config, *arguments.add]
    # A wrong configuration is told once, not by every trial.
    settings = load_settings(files, (), arguments.start, arguments.end)
    if not arguments.param:
        raise ConfigError("a sweep needs at least one --param, like width=0.0001,0.0002")
    values = load_config(files).values
    for param in arguments.param:
        apply_params(values, [param])
    out = Path(arguments.out) if arguments.out else next_folder(f"{settings.project}-sweep")
    if arguments.trials:
        if arguments.walk_forward:
            raise ConfigError("--walk-forward goes with a grid, not with --trials")
        rows = _study(arguments, files, out, settings.seed)
    elif arguments.walk_forward:
        rows = _walk_forward(arguments, files, out)
    else:
        rows = _grid(arguments, files, out, (arguments.start, arguments.end))
    _write(out, rows, arguments.by)
    sys.stdout.write(_table(rows, arguments.by))
    sys.stdout.write(f"\n{len(rows)} trials in {out}: {TABLE}, {PAGE}, {BEST}\n")
    return ExitCode.DONE


def _grid(
    arguments: Namespace, files: Sequence[str], out: Path, span: tuple[str, str]
) -> list[Row]:
    trials = [
        Trial(params, *span, out / folder_name(params))
        for params in combinations(read_grid(arguments.param))
    ]
    rows: list[Row] = []
    run_trials(trials, files, arguments.processes, lambda *row: rows.append(row))
    places = {trial.folder: number for number, trial in enumerate(trials)}
    return sorted(rows, key=lambda row: (-figure(row[1], arguments.by), places[row[0].folder]))


def _walk_forward(arguments: Namespace, files: Sequence[str], out: Path) -> list[Row]:
    settings = load_settings(files, (), arguments.start, arguments.end)
    source = open_market(settings)
    if source.last_ns >= 1 << 63:
        raise ConfigError("walk-forward must know the end: give --to, or convert to .tvr first")
    tested: list[Row] = []
    folds = windows(source.start_ns, source.last_ns, arguments.walk_forward, arguments.train)
    for number, (first, test, end) in enumerate(folds, 1):
        folder = out / f"fold-{number}"
        best = _grid(arguments, files, folder / "train", (_moment(first), _moment(test)))[0][0]
        trial = Trial(best.params, _moment(test), _moment(end), folder / "test")
        tested.append((trial, run_trial(trial, files)))
    return tested


def _moment(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def _study(arguments: Namespace, files: Sequence[str], out: Path, seed: int) -> list[Row]:
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
        run_trials(batch, files, arguments.processes, lambda *_: None)
        for handle, params in asked:
            summary = read_results(out / folder_name(params))
            study.tell(handle, figure(summary, arguments.by))
    rows = [_trial_of(path) for path in sorted(out.glob("*/params.json"))]
    return sorted(rows, key=lambda row: -figure(row[1], arguments.by))


def _trial_of(path: Path) -> Row:
    told = json.loads(path.read_text("utf-8"))
    trial = Trial(tuple(told["params"].items()), told["from"], told["to"], path.parent)
    return trial, run_trial(trial, [])


def _keys(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(key for trial, _ in rows for key, _ in trial.params))


def _cells(row: Row, keys: Sequence[str], by: str) -> list[str]:
    trial, summary = row
    params = dict(trial.params)
    return [
        *(params.get(key, "") for key in keys),
        f"{figure(summary, by):.6g}",
        *(f"{figure(summary, name):.6g}" for name in COLUMNS),
    ]


def _table(rows: Sequence[Row], by: str) -> str:
    keys = _keys(rows)
    header = [*keys, f"by {by}", *COLUMNS]
    return aligned([header, *(_cells(row, keys, by) for row in rows[:SHOWN])]) + "\n"


def _write(out: Path, rows: Sequence[Row], by: str) -> None:
    keys = _keys(rows)
    header = [*keys, by, *COLUMNS, "from", "to", "folder"]
    cells = [_cells(row, keys, by) for row in rows]
    with (out / TABLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for (trial, _), row in zip(rows, cells, strict=True):
            writer.writerow([*row, trial.start, trial.end, trial.folder])
    best = max(rows, key=lambda row: figure(row[1], by))
    told = {"params": dict(best[0].params), by: figure(best[1], by), "folder": str(best[0].folder)}
    (out / BEST).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    drawn = [
        (
            ", ".join(value for _, value in trial.params),
            figure(summary, by),
            f"{figure(summary, by):.4g}",
        )
        for trial, summary in rows[:SHOWN]
    ]
    table = html_table("Trials", [*keys, by, *COLUMNS], cells)
    (out / PAGE).write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(out.name)}</title>'
        f"<style>{CSS}</style><main><h1>{escape(out.name)}</h1>{bars(by, drawn)}{table}</main>",
        "utf-8",
    )

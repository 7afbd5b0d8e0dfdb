"""What a sweep has found, as a table, a file for programs, and a page with plots."""

import csv
import io
import json
from collections.abc import Sequence
from html import escape

from lib.backtest.report.chart import bars
from lib.backtest.report.dots import dots
from lib.backtest.report.style import CSS
from lib.backtest.report.tables import html_table
from lib.backtest.sweep import Row, figure
from lib.backtest.terminal import aligned

COLUMNS = ("profit", "fees", "fills", "fill_ratio", "max_drawdown", "sharpe")
SHOWN = 20
"""Trials in the terminal."""
BARS = 8
"""Trials in the page's bars: more could not be labelled."""


class SweepTable:
    """The trials of a sweep, best first, or by fold.

    Args:
        name: Of the sweep.
        rows: The trials with their results.
        by: Figure that was maximised.
        folds: Whether each row is the tested part of one fold.
    """

    def __init__(self, name: str, rows: Sequence[Row], by: str, *, folds: bool) -> None:
        """Work out the cells."""
        self._name, self._rows, self._by, self._folds = name, rows, by, folds
        self._keys = list(dict.fromkeys(key for trial, _ in rows for key, _ in trial.params))
        self._columns = [by, *(name for name in COLUMNS if name != by)]
        self._header = [*(["fold"] if folds else []), *self._keys, *self._columns]
        self._cells = [self._row(number, row) for number, row in enumerate(rows, 1)]

    def text(self) -> str:
        """Return the first rows for a terminal."""
        return aligned([self._header, *self._cells[:SHOWN]]) + "\n"

    def csv(self) -> str:
        """Return all rows as CSV, each with its span and its folder."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self._header, "from", "to", "folder"])
        for (trial, _), cells in zip(self._rows, self._cells, strict=True):
            writer.writerow([*cells, trial.start, trial.end, trial.folder])
        return text.getvalue()

    def best(self) -> str:
        """Return the best trial as JSON."""
        trial, summary = max(self._rows, key=lambda row: figure(row[1], self._by))
        told = {"params": dict(trial.params), self._by: figure(summary, self._by)}
        return json.dumps({**told, "folder": str(trial.folder)}, indent=1) + "\n"

    def html(self) -> str:
        """Return a page that needs no network."""
        values = [figure(summary, self._by) for _, summary in self._rows]
        drawn = [
            (self._label(number), value, f"{value:.4g}")
            for number, value in enumerate(values[:BARS])
        ]
        title = f"{self._by} by fold" if self._folds else f"{self._by} of the best"
        plots = bars(title, drawn) + "".join(self._dots(key, values) for key in self._keys)
        table = html_table("Folds" if self._folds else "Trials", self._header, self._cells)
        name = escape(self._name)
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{name}</title><style>{CSS}</style><main><h1>{name}</h1>"
            f'<p class="sub">{len(self._rows)} trials, by {escape(self._by)}</p>'
            f'<div class="pair">{plots}</div>{table}</main></html>'
        )

    def _row(self, number: int, row: Row) -> list[str]:
        trial, summary = row
        params = dict(trial.params)
        cells = [*([str(number)] if self._folds else []), *(params.get(k, "") for k in self._keys)]
        return cells + [f"{figure(summary, name):.6g}" for name in self._columns]

    def _label(self, number: int) -> str:
        values = ", ".join(value for _, value in self._rows[number][0].params)
        return f"{number + 1}: {values}" if self._folds else values

    def _dots(self, key: str, values: Sequence[float]) -> str:
        points = [
            (dict(trial.params).get(key, ""), value)
            for (trial, _), value in zip(self._rows, values, strict=True)
        ]
        return dots(f"{self._by} by {key}", points)

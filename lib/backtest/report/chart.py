"""Charts as inline SVG: lines, areas, steps, marks, bars; colours are the page's classes (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from math import isnan

from lib.backtest.report.scale import Scale, number_text, ticks, time_text, time_ticks

LEFT, RIGHT, TOP, BOTTOM = 74, 34, 10, 24
DRAWINGS = (("wide", 960, 6), ("narrow", 420, 3))
"""Each chart twice, for screens and for phones: class, width, number of times at its foot."""
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A curve; NaN breaks it.

    Args:
        points: (time in ns, value), ascending.
        style: Class of its colour, `a` … `e`.
        label: For the legend.
        steps: Draw it as steps.
        fill: Fill the space to zero.
    """

    points: Points
    style: str
    label: str
    steps: bool = False
    fill: bool = False


@dataclass(frozen=True)
class Marks:
    """Single points, each with a text that shows at hover.

    Args:
        points: (time in ns, value, text).
        style: Class of their colour.
        label: For the legend.
        up: Triangle upwards, else downwards.
    """

    points: Sequence[tuple[float, float, str]]
    style: str
    label: str
    up: bool


@dataclass
class Chart:
    """A chart over time.

    Args:
        title: What it shows, with its unit.
        span: First and last time, ns.
        height: In pixels.
        zero: Show the zero line, whatever the values.
    """

    title: str
    span: tuple[float, float]
    height: int = 220
    zero: bool = False
    lines: list[Line] = field(default_factory=list)
    marks: list[Marks] = field(default_factory=list)

    def svg(self) -> str:
        """Return the drawing with title and legend."""
        values = [y for line in self.lines for _, y in line.points if not isnan(y)]
        values += [point[1] for marks in self.marks for point in marks.points]
        if not values:
            return _figure(self.title, "", '<p class="none">nothing to show</p>')
        if self.zero:
            values.append(0.0)
        low, high = min(values), max(values)
        pad = (high - low) * 0.06
        y = Scale(low - pad, high + pad, self.height - BOTTOM, TOP)
        keys = [(each.style, each.label) for each in self.lines]
        keys += [(f"{each.style} {_shape(each)}", each.label) for each in self.marks]
        legend = "".join(
            f'<span class="key {style}">{escape(label)}</span>' for style, label in keys
        )
        drawings = (self._drawing(*each, y) for each in DRAWINGS)
        return _figure(self.title, legend, "".join(drawings))

    def _drawing(self, style: str, width: int, count: int, y: Scale) -> str:
        x = Scale(*self.span, LEFT, width - RIGHT)
        parts = [*_grid(x, y, self.height, width - RIGHT, count)]
        parts += [_line(line, x, y) for line in self.lines]
        parts += [_marks(marks, x, y) for marks in self.marks]
        return (
            f'<svg class="{style}" viewBox="0 0 {width} {self.height}" role="img" '
            f'aria-label="{escape(self.title)}">{"".join(parts)}</svg>'
        )


def bars(title: str, rows: Sequence[tuple[str, float, str]], height: int = 200) -> str:
    """Return a bar chart of (label, value, text) rows, coloured by sign."""
    if not rows:
        return _figure(title, "", '<p class="none">nothing to show</p>')
    width = 460
    values = [value for _, value, _ in rows] + [0.0]
    low, high = min(values), max(values)
    pad = (high - low) * 0.18 or 1.0
    y = Scale(low - pad * (low < 0), high + pad * (high > 0), height - BOTTOM, TOP)
    slot = (width - 20) / len(rows)
    parts = [f'<line class="axis" x1="10" x2="{width - 10}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>']
    for number, (label, value, text) in enumerate(rows):
        left = 10 + number * slot + slot * 0.18
        top, bottom = sorted((y(value), y(0)))
        style = "good" if value >= 0 else "bad"
        middle = left + slot * 0.32
        above = value >= 0
        place = top - 5 if above else bottom + 14
        parts.append(
            f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}" width="{slot * 0.64:.1f}" '
            f'height="{max(bottom - top, 1):.1f}" rx="2"><title>{escape(text)}</title></rect>'
            f'<text class="value" x="{middle:.1f}" y="{place:.1f}">{escape(text)}</text>'
            f'<text class="tick mid" x="{middle:.1f}" y="{height - 6}">{escape(label)}</text>'
        )
    return framed(title, width, height, parts)


def framed(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    """Return a small drawing under its title."""
    drawing = (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
    return _figure(title, "", drawing)


def _figure(title: str, legend: str, drawing: str) -> str:
    caption = f"<figcaption><b>{escape(title)}</b><span>{legend}</span></figcaption>"
    return f"<figure>{caption}{drawing}</figure>"


def _grid(x: Scale, y: Scale, height: int, right: float, count: int) -> list[str]:
    parts = levels(y, LEFT, right)
    span = x.high - x.low
    parts += [
        f'<text class="tick mid" x="{x(moment):.1f}" y="{height - 6}">'
        f"{time_text(moment, span)}</text>"
        for moment in time_ticks(x.low, x.high, count)
    ]
    return parts


def levels(y: Scale, left: float, right: float, count: int = 5) -> list[str]:
    """Return a horizontal line with its number for each of about `count` round values."""
    parts = []
    values = ticks(y.low, y.high, count)
    for value in values:
        place = y(value)
        style = "axis" if value == 0 else "grid"
        parts.append(
            f'<line class="{style}" x1="{left}" x2="{right}" y1="{place:.1f}" y2="{place:.1f}"/>'
            f'<text class="tick end" x="{left - 6}" y="{place + 4:.1f}">'
            f"{number_text(value, values)}</text>"
        )
    return parts


def _line(line: Line, x: Scale, y: Scale) -> str:
    runs: list[list[tuple[float, float]]] = [[]]
    for time_ns, value in line.points:
        if isnan(value):
            runs.append([])
        else:
            runs[-1].append((x(time_ns), y(value)))
    runs = [run for run in runs if run]
    path = " ".join(_path(run, steps=line.steps) for run in runs)
    drawn = f'<path class="line {line.style}" d="{path}"/>'
    if not line.fill:
        return drawn
    base = y(min(max(0.0, y.low), y.high))
    areas = " ".join(
        f"{_path(run, steps=line.steps)} V{base:.1f} H{run[0][0]:.1f} Z" for run in runs
    )
    return f'<path class="area {line.style}" d="{areas}"/>{drawn}'


def _path(run: Sequence[tuple[float, float]], *, steps: bool) -> str:
    (first_x, first_y), *rest = run
    parts = [f"M{first_x:.1f} {first_y:.1f}"]
    for px, py in rest:
        parts.append(f"H{px:.1f}V{py:.1f}" if steps else f"L{px:.1f} {py:.1f}")
    if not rest:
        parts.append("h0.5")
    return "".join(parts)


def _shape(marks: Marks) -> str:
    return "up" if marks.up else "down"


def _marks(marks: Marks, x: Scale, y: Scale) -> str:
    size = 4.5 if marks.up else -4.5
    parts = []
    for time_ns, value, text in marks.points:
        px, py = x(time_ns), y(value)
        parts.append(
            f'<path class="mark {marks.style}" d="M{px:.1f} {py - size:.1f}'
            f'l4.5 {2 * size:.1f}h-9z"><title>{escape(text)}</title></path>'
        )
    return "".join(parts)

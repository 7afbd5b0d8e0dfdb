"""A value of each trial against one parameter, as inline SVG (pure)."""

from collections.abc import Sequence
from html import escape

from lib.backtest.report.chart import BOTTOM, TOP, framed, levels
from lib.backtest.report.scale import Scale, number_text, ticks

WIDTH, HEIGHT, LEFT, RIGHT = 460, 200, 64, 24
NAMED = 12
"""Different values of a parameter that each get a place of their own, labelled."""


def dots(title: str, points: Sequence[tuple[str, float]]) -> str:
    """Return a plot of (parameter as text, value) points.

    Few values, or values that are no numbers, are spread evenly; many numbers are an axis.
    """
    values = [value for _, value in points]
    low, high = min(values), max(values)
    pad = (high - low) * 0.08
    y = Scale(low - pad, high + pad, HEIGHT - BOTTOM, TOP)
    places, labels = _places([text for text, _ in points])
    parts = levels(y, LEFT, WIDTH - RIGHT, 4)
    parts += [
        f'<text class="tick mid" x="{place:.1f}" y="{HEIGHT - 6}">{escape(label)}</text>'
        for label, place in labels
    ]
    parts += [
        f'<circle class="mark b" cx="{place:.1f}" cy="{y(value):.1f}" r="4">'
        f"<title>{escape(text)}: {value:.6g}</title></circle>"
        for place, (text, value) in zip(places, points, strict=True)
    ]
    return framed(title, WIDTH, HEIGHT, parts)


def _places(texts: Sequence[str]) -> tuple[list[float], list[tuple[str, float]]]:
    numbers = [_number(text) for text in texts]
    known = [number for number in numbers if number is not None]
    different = list(dict.fromkeys(texts))
    if len(known) < len(texts) or len(different) <= NAMED:
        # Numbers in their order, other values in that of their appearance.
        order = sorted(different, key=lambda text: _number(text) or 0.0)
        step = (WIDTH - LEFT - RIGHT) / len(order)
        place = {text: LEFT + step * (index + 0.5) for index, text in enumerate(order)}
        return [place[text] for text in texts], list(place.items())
    x = Scale(min(known), max(known), LEFT + 8, WIDTH - RIGHT)
    marks = ticks(x.low, x.high, 5)
    return [x(number) for number in known], [(number_text(m, marks), x(m)) for m in marks]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

"""Tables and the few numbers that benchmarks print."""

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that `percent` of the values do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = max(0, -(-len(ordered) * percent // 100) - 1)
    return ordered[min(int(rank), len(ordered) - 1)]


def number(value: float) -> str:
    """Return a number with as many digits as one reads."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in plain text: title, header, rows; the first column to the left."""
    cells = [
        [number(cell) if isinstance(cell, float) else str(cell) for cell in row] for row in rows
    ]
    widths = [
        max(len(row[column]) for row in [list(header), *cells]) for column in range(len(header))
    ]
    lines = [title]
    for row in [list(header), *cells]:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]))
    return "\n".join(lines)

"""A run's results as text for a terminal (pure)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 60
DAY = 86_400
"""Seconds; an annualised ratio of less says nothing."""
PER_CENT = 100


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Return a curve in one line, "" for fewer than two values."""
    if len(values) < 2:
        return ""
    count = min(width, len(values))
    picked = [values[index * (len(values) - 1) // (count - 1)] for index in range(count)]
    low, high = min(picked), max(picked)
    span = high - low or 1.0
    return "".join(BARS[int((value - low) / span * (len(BARS) - 1) + 0.5)] for value in picked)


def summary_text(summary: Mapping[str, Any], equity: Sequence[float]) -> str:
    """Return a summary table: total and each symbol, with the equity as a sparkline."""
    total, symbols = summary["total"], summary["symbols"]
    state = "complete" if summary["complete"] else f"ended early: {summary['failure']}"
    seconds = (summary["end_ns"] - summary["start_ns"]) / 1e9
    lines = [
        f"{summary['project']}: {summary['events']:,} events, {_span(seconds)} of market, {state}",
        "",
        f"equity     {money(total['first_equity'])} → {money(total['last_equity'])}"
        f"   {sparkline(equity)}",
        f"profit     {money(total['profit'])} ({total['return'] * PER_CENT:+.4f} %)"
        f"   max drawdown {money(total['max_drawdown'])}"
        f" ({total['max_drawdown_fraction'] * PER_CENT:.4f} %)"
        + (f"   sharpe {total['sharpe']:.2f}" if seconds >= DAY else ""),
        "",
    ]
    header = ["", "profit", "fees", "fills", "maker", "orders", "fill %", "capture bps"]
    header += [f"mark-out {each}s" for each in total["mark_outs"]]
    rows = [_row(name, figures) for name, figures in symbols.items()]
    rows.append(_row("total", total))
    lines.append(aligned([header, *rows]))
    lines += [f"not known: {each}" for each in summary.get("missing", ())]
    return "\n".join(lines) + "\n"


def money(text: str) -> str:
    """Return an amount with as many digits as one reads."""
    value = Decimal(text)
    if not value:
        return "0"
    digits = 2 if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns, the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(name: str, figures: Mapping[str, Any]) -> list[str]:
    share = figures["maker_fills"] / figures["fills"] if figures["fills"] else 0.0
    row = [
        name,
        money(figures["profit"]),
        money(figures["fees"]),
        f"{figures['fills']:,}",
        f"{share * PER_CENT:.0f} %",
        f"{figures['orders']:,}",
        f"{figures['fill_ratio'] * PER_CENT:.1f}",
        f"{figures['spread_capture_bps']:.2f}",
    ]
    return row + [f"{each['bps']:+.2f}" for each in figures["mark_outs"].values()]


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"

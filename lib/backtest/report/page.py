"""The report's page, from the tables of a run (pure)."""

from collections.abc import Mapping, Sequence
from html import escape
from math import nan
from typing import Any

import yaml
from lib.backtest.report.chart import Chart, Line, Marks, bars
from lib.backtest.report.style import CSS
from lib.backtest.report.tables import execution_table, holding_table, market_table
from lib.backtest.terminal import money
from lib.logger.render import clock_text

Rows = Sequence[Mapping[str, str]]
DAY = 86_400
MOST_MARKS = 2_000
"""Fills drawn per symbol; more would only blacken the chart."""


def report_page(
    summary: Mapping[str, Any], equity: Rows, paths: Mapping[str, Rows], fills: Rows
) -> str:
    """Return the whole page.

    Args:
        summary: What `results.json` holds.
        equity: Rows of `equity.csv`.
        paths: Symbol -> rows of `path-SYMBOL.csv`.
        fills: Rows of `fills.csv`.
    """
    title = f"{summary['project']}: {summary.get('kind', 'backtest')}"
    parts = [_head(summary, title), _tiles(summary), _equity(summary, equity)]
    parts += [_execution(summary["total"]), market_table(summary), execution_table(summary)]
    parts.append(holding_table(summary))
    for symbol, rows in paths.items():
        own = [fill for fill in fills if fill["symbol"] == symbol]
        parts.append(_symbol(symbol, summary, rows, own))
    config = yaml.safe_dump(
        summary["config"], sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    parts.append(f"<h2>Configuration</h2><pre>{escape(config)}</pre>")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{CSS}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def _head(summary: Mapping[str, Any], title: str) -> str:
    seconds = (summary["end_ns"] - summary["start_ns"]) / 1e9
    market = ", ".join(f"{key} {_market_text(value)}" for key, value in summary["market"].items())
    first, last = (f"<time>{clock_text(summary[name])}</time>" for name in ("start_ns", "end_ns"))
    text = (
        f"<h1>{escape(title)}</h1><p class=sub>{first} to {last} ({seconds:,.0f} s), "
        f"{summary['events']:,} events; {escape(market)}</p>"
    )
    if summary.get("missing"):
        items = "".join(f"<li>{escape(each)}</li>" for each in summary["missing"])
        text += f"<div class=note>Not known, and left out:<ul>{items}</ul></div>"
    if not summary["complete"]:
        text += f"<p class=warn>The run ended early: {escape(summary['failure'])}</p>"
    return text


def _market_text(value: Any) -> str:
    if isinstance(value, list):
        names = (each.get("name") if isinstance(each, Mapping) else each for each in value)
        return ", ".join(map(str, names))
    return str(value)


def _sharpe_tile(total: Mapping[str, Any], seconds: float) -> tuple[str, str, str, float]:
    if seconds < DAY:
        return "Sharpe", "-", "needs a day at least", 0
    return "Sharpe", f"{total['sharpe']:.2f}", f"Sortino {total['sortino']:.2f}", 0


def _tiles(summary: Mapping[str, Any]) -> str:
    total = summary["total"]
    seconds = (summary["end_ns"] - summary["start_ns"]) / 1e9
    profit = float(total["profit"])
    share = total["maker_fills"] / total["fills"] if total["fills"] else 0.0
    tiles = [
        ("Profit", money(total["profit"]), f"{total['return'] * 100:+.4f} %", profit),
        ("Fees", money(total["fees"]), f"funding {money(total['funding'])}", 0),
        (
            "Max drawdown",
            money(total["max_drawdown"]),
            f"{total['max_drawdown_fraction'] * 100:.4f} %",
            0,
        ),
        _sharpe_tile(total, seconds),
        ("Fills", f"{total['fills']:,}", f"{share:.0%} as maker", 0),
        ("Fill ratio", f"{total['fill_ratio']:.1%}", f"of {total['orders']:,} orders", 0),
        (
            "Spread capture",
            f"{total['spread_capture_bps']:.2f} bps",
            money(total["spread_capture"]),
            0,
        ),
        ("Volume", money(total["volume"]), f"{total['rejected']:,} orders rejected", 0),
    ]
    cells = "".join(
        f"<div class=tile><span>{name}</span><b class={_sign(sign)}>{value}</b>"
        f"<small>{note}</small></div>"
        for name, value, note, sign in tiles
    )
    return f"<div class=tiles>{cells}</div>"


def _sign(value: float) -> str:
    return "pos" if value > 0 else "neg" if value < 0 else "zero"


def _equity(summary: Mapping[str, Any], rows: Rows) -> str:
    points = [(float(row["time_ns"]), float(row["equity"])) for row in rows]
    span = float(summary["start_ns"]), float(summary["end_ns"])
    chart = Chart("Equity (quote asset)", span, 240)
    chart.lines.append(Line(points, "a", "equity"))
    peak = points[0][1] if points else 0.0
    falls = []
    for time_ns, value in points:
        peak = max(peak, value)
        falls.append((time_ns, value - peak))
    under = Chart("Drawdown (quote asset)", span, 140, zero=True)
    under.lines.append(Line(falls, "c", "below the peak", fill=True))
    return f"<h2>Equity</h2>{chart.svg()}{under.svg()}"


def _execution(total: Mapping[str, Any]) -> str:
    outs = total["mark_outs"]
    rows = [("at fill", total["spread_capture_bps"], f"{total['spread_capture_bps']:+.2f}")]
    rows += [(f"{each} s", row["bps"], f"{row['bps']:+.2f}") for each, row in outs.items()]
    costs = [
        ("spread", float(total["spread_capture"]), money(total["spread_capture"])),
        *(
            (f"adverse {each} s", float(row["adverse"]), money(row["adverse"]))
            for each, row in outs.items()
        ),
        ("fees", -float(total["fees"]), money(f"-{total['fees']}")),
    ]
    left = bars("Mark-out: price against the middle, bps (positive is good)", rows)
    right = bars("What fills earned and cost (quote asset)", costs)
    return f"<h2>Execution</h2><div class=pair>{left}{right}</div>"


def _symbol(symbol: str, summary: Mapping[str, Any], rows: Rows, fills: Rows) -> str:
    span = float(summary["start_ns"]), float(summary["end_ns"])
    columns = {
        name: [(float(row["time_ns"]), _number(row[name])) for row in rows]
        for name in ("mid", "bid", "ask", "position", "pnl")
    }
    price = Chart(f"{symbol}: middle, own quotes, fills", span, 300)
    price.lines += [
        Line(columns["bid"], "b", "own bid", steps=True),
        Line(columns["ask"], "c", "own ask", steps=True),
        Line(columns["mid"], "e", "middle"),
    ]
    shown = fills[-MOST_MARKS:]
    for side, style, up in (("BUY", "b", True), ("SELL", "c", False)):
        points = [_mark(fill) for fill in shown if fill["side"] == side]
        price.marks.append(Marks(points, style, f"{side.lower()} ({len(points)})", up))
    held = Chart(f"{symbol}: position (base)", span, 130, zero=True)
    held.lines.append(Line(columns["position"], "d", "position", steps=True, fill=True))
    profit = Chart(f"{symbol}: profit after fees (quote asset)", span, 130, zero=True)
    profit.lines.append(Line(columns["pnl"], "a", "profit", fill=True))
    note = ""
    if len(fills) > MOST_MARKS:
        note = f"<p class=sub>Only the last {MOST_MARKS:,} of {len(fills):,} fills are marked.</p>"
    return f"<h2>{escape(symbol)}</h2>{note}{price.svg()}{held.svg()}{profit.svg()}"


def _mark(fill: Mapping[str, str]) -> tuple[float, float, str]:
    kind = "maker" if fill["maker"] == "1" else "taker"
    moment = clock_text(int(fill["time_ns"]))
    text = f"{fill['side']} {fill['qty']} at {fill['price']} ({kind}, fee {fill['fee']}), {moment}"
    return float(fill["time_ns"]), float(fill["price"]), text


def _number(text: str) -> float:
    return float(text) if text else nan

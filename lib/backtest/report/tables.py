"""The report's tables (pure)."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lib.backtest.terminal import money


def html_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table under a heading."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<h2>{escape(title)}</h2><div class=table><table><tr>{head}</tr>{body}</table></div>"


def _each(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [*summary["symbols"].items(), ("total", summary["total"])]


def market_table(summary: Mapping[str, Any]) -> str:
    """Return profit and fills by symbol."""
    header = ["", "profit", "fees", "volume", "fills", "maker", "capture bps"]
    header += [f"mark-out {each} s, bps" for each in summary["total"]["mark_outs"]]
    rows = [
        [
            name,
            money(row["profit"]),
            money(row["fees"]),
            money(row["volume"]),
            f"{row['fills']:,}",
            f"{row['maker_fills'] / row['fills']:.0%}" if row["fills"] else "-",
            f"{row['spread_capture_bps']:+.2f}",
            *(f"{each['bps']:+.2f}" for each in row["mark_outs"].values()),
        ]
        for name, row in _each(summary)
    ]
    return html_table("By symbol", header, rows)


def execution_table(summary: Mapping[str, Any]) -> str:
    """Return orders and latencies by symbol."""
    header = [
        "", "orders", "filled", "canceled", "expired", "rejected", "fill ratio", "by quantity",
        "accepted after, ms p50 / p99", "life, s p50 / p99",
    ]  # fmt: skip
    rows = [
        [
            name,
            f"{row['orders']:,}",
            f"{row['filled']:,}",
            f"{row['canceled']:,}",
            f"{row['expired']:,}",
            f"{row['rejected']:,}",
            f"{row['fill_ratio']:.1%}",
            f"{row['fill_ratio_qty']:.1%}",
            f"{row['accept_ms']['p50']:.2f} / {row['accept_ms']['p99']:.2f}",
            f"{row['life_ms']['p50'] / 1000:.2f} / {row['life_ms']['p99'] / 1000:.2f}",
        ]
        for name, row in _each(summary)
    ]
    return html_table("Orders and latency", header, rows)


def holding_table(summary: Mapping[str, Any]) -> str:
    """Return inventories and holding times by symbol."""
    header = [
        "", "position at the end", "largest", "held, s mean", "median", "longest",
        "quoted on both sides",
    ]  # fmt: skip
    rows = [
        [
            name,
            row["position"],
            row["largest_position"],
            f"{row['holding']['mean_s']:,.1f}",
            f"{row['holding']['median_s']:,.1f}",
            f"{row['holding']['longest_s']:,.1f}",
            f"{row['two_sided']:.1%}",
        ]
        for name, row in summary["symbols"].items()
    ]
    return html_table("Inventory and holding times", header, rows)

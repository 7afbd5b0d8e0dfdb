"""A drill's report as Markdown, for a page of documentation (pure)."""

from typing import Any

from lib.chaos.kinds import KINDS
from lib.chaos.report import span


def markdown(row: dict[str, Any]) -> str:
    """Return a report's tables; headings are the page's business.

    Args:
        row: The report's JSON object.
    """
    return "\n".join([*_totals(row), "", *_kinds(row), *_troubles(row)]) + "\n"


def _totals(row: dict[str, Any]) -> list[str]:
    recovery = row["recovery_s"]
    return [
        "| | |",
        "| --- | --- |",
        f"| seed | {row['seed']} |",
        f"| faults | {row['fault_count']:,}, of {len(row['faults'])} kinds |",
        f"| took | {span(row['duration_s'])}, {row['systems']} systems side by side |",
        f"| inside an open request | {row['in_request']:,} faults |",
        f"| at the venue | {row['orders']:,} orders, {row['fills']:,} fills |",
        f"| from fault to trading again | p50 {_seconds(recovery['p50'])}, "
        f"p99 {_seconds(recovery['p99'])}, max {_seconds(recovery['max'])} |",
        f"| violations | {len(row['violations'])} |",
        f"| vacuous | {'; '.join(row['vacuous']) or 'no'} |",
    ]


def _kinds(row: dict[str, Any]) -> list[str]:
    times = row["recovery_by_kind_s"]
    lines = ["| fault | struck | p50 | max | what happens |", "| --- | ---: | ---: | ---: | --- |"]
    for name, count in row["faults"].items():
        found = times.get(name, {"p50": None, "max": None})
        what = KINDS[name].text if name in KINDS else ""
        lines.append(
            f"| `{name}` | {count} | {_seconds(found['p50'])} | {_seconds(found['max'])} | {what} |"
        )
    return lines


def _troubles(row: dict[str, Any]) -> list[str]:
    lines = [
        f"| `{one['rule']}` | `{one['about']}` | `{one['after']}` | {one['what']} |"
        for one in row["violations"]
    ]
    if lines:
        head = ["", "| violation | of | after | what |", "| --- | --- | --- | --- |"]
        lines = head + lines
    if row["missed"]:
        lines += ["", f"{len(row['missed'])} strikes found nothing to hit."]
    return lines


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"

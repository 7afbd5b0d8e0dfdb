"""What a drill found, as the user gets it (pure)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lib.chaos.evidence import Violation

ORDERS_PER_FAULT = 20
FILLS_PER_FAULT = 3
SHOWN = 5
"""Violations of one rule that a human gets to read."""


@dataclass(slots=True)
class Tally:
    """What a drill has counted so far.

    Args:
        seed: Of the schedule.
        planned: Kinds that were asked for, by how often they are in the schedule.
        systems: How many systems were drilled side by side.
    """

    seed: int
    planned: Counter[str]
    systems: int = 1
    struck: Counter[str] = field(default_factory=Counter)
    in_request: int = 0
    orders: int = 0
    fills: int = 0
    recoveries: list[float] = field(default_factory=list)
    by_kind: dict[str, list[float]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """Why faults did not strike."""

    def recovered(self, kind: str, seconds: float) -> None:
        """Note how long it took until every bot was trading again."""
        self.recoveries.append(seconds)
        self.by_kind.setdefault(kind, []).append(seconds)

    def vacuous(self) -> list[str]:
        """Return why the drill proves nothing, [] when it does prove something."""
        faults = sum(self.struck.values())
        found = []
        if not faults:
            return ["no fault has struck"]
        if self.orders < ORDERS_PER_FAULT * faults:
            found.append(f"{self.orders} orders reached the venue, not {ORDERS_PER_FAULT} a fault")
        if self.fills < FILLS_PER_FAULT * faults:
            found.append(f"{self.fills} fills, not {FILLS_PER_FAULT} a fault")
        never = sorted(set(self.planned) - set(self.struck))
        if never:
            found.append(f"never struck: {', '.join(never)}")
        if 3 * self.in_request < faults:
            found.append(f"{self.in_request} of {faults} faults struck inside an open request")
        return found

    def row(self, seconds: float = 0.0) -> dict[str, Any]:
        """Return the report's JSON object; `seconds` is how long it took."""
        return {
            "seed": self.seed,
            "systems": self.systems,
            "duration_s": round(seconds, 1),
            "faults": dict(sorted(self.struck.items())),
            "fault_count": sum(self.struck.values()),
            "in_request": self.in_request,
            "orders": self.orders,
            "fills": self.fills,
            "recovery_s": summary(self.recoveries),
            "recovery_by_kind_s": {
                kind: summary(times) for kind, times in sorted(self.by_kind.items())
            },
            "missed": self.missed,
            "vacuous": self.vacuous(),
            "violations": [violation.row() for violation in self.violations],
        }


def summary(seconds: list[float]) -> dict[str, float | None]:
    """Return p50, p99 and max of some durations; None without any."""
    ordered = sorted(seconds)
    return {
        "p50": _quantile(ordered, 0.5),
        "p99": _quantile(ordered, 0.99),
        "max": round(ordered[-1], 3) if ordered else None,
    }


def text(row: dict[str, Any]) -> str:
    """Return a report for a human."""
    count, recovery = row["fault_count"], row["recovery_s"]
    side_by_side = f", {row['systems']} systems side by side" if row["systems"] > 1 else ""
    lines = [
        f"{count} faults in {span(row['duration_s'])}, seed {row['seed']}{side_by_side}",
        "",
        *_table(row),
        "",
        f"trading again after  {_seconds(recovery['p50'])} (p50), {_seconds(recovery['p99'])} "
        f"(p99), {_seconds(recovery['max'])} (max)",
        f"in an open request   {row['in_request']} of {count} faults",
        f"at the venue         {row['orders']} orders, {row['fills']} fills",
        *(f"did not strike       {reason}" for reason in row["missed"]),
        "",
        *(f"VACUOUS: {reason}" for reason in row["vacuous"]),
        *_violations(row["violations"]),
    ]
    if not row["violations"] and not row["vacuous"]:
        lines.append("no violation")
    return "\n".join(lines) + "\n"


def span(seconds: float) -> str:
    """Return a duration as one reads it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _table(row: dict[str, Any]) -> list[str]:
    """Return the kinds that struck, how often, and how soon every bot traded again."""
    times = row["recovery_by_kind_s"]
    rows = [("FAULT", "STRUCK", "TRADING AGAIN: p50", "LONGEST")]
    for kind, count in row["faults"].items():
        found = times.get(kind, {"p50": None, "max": None})
        rows.append((kind, str(count), _seconds(found["p50"]), _seconds(found["max"])))
    wide = max(len(name) for name, *_ in rows)
    return [f"{kind:<{wide}}  {n:>6}  {p50:>18}  {most:>8}" for kind, n, p50, most in rows]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _violations(rows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each violation, as long as one rule has not filled the screen."""
    lines = []
    counts: Counter[str] = Counter()
    for one in rows:
        counts[one["rule"]] += 1
        if counts[one["rule"]] <= SHOWN:
            lines.append(
                f"VIOLATION {one['rule']} {one['about']} after {one['after']}: {one['what']}"
            )
    return lines + [
        f"VIOLATION {rule}: {count - SHOWN} more; `--json` has them all"
        for rule, count in counts.items()
        if count > SHOWN
    ]


def _quantile(ordered: list[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

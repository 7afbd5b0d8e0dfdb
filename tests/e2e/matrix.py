"""One row of the fault matrix: who fell ill of what, what was seen of it, and when.

`TICKVISOR_MATRIX=FILE` writes the rows of a test run as a Markdown table.
"""

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND
from tests.e2e.harness import System, until

SEEN = ("exited", "hung", "stale", "slow", "sick", "outage", "no longer online")
"""Events that say that something is wrong."""
WELL = ("ready", "fresh", "no longer slow", "no longer sick")
FLOWING = 3.0


class Row(NamedTuple):
    """What was seen of one illness; seconds since its beginning."""

    worker: str
    illness: str
    seen_as: str
    seen: float
    healed_by: str
    healed: float

    def as_markdown(self) -> str:
        """Return it as a line of a table."""
        cells = (self.worker, self.illness, self.seen_as, f"{self.seen:.2f}", self.healed_by)
        return f"| {' | '.join(cells)} | {self.healed:.2f} |"


class Matrix:
    """Makes workers of one system ill, and watches.

    Args:
        system: A system that runs.
        triggers: Folder of the ill bots' trigger files.
    """

    def __init__(self, system: System, triggers: Path) -> None:
        self.system = system
        self.triggers = triggers
        self.rows: list[Row] = []

    def catch(self, symbol: str, illness: str) -> None:
        """Let the bot of a symbol fall ill."""
        new = self.triggers / f"{symbol}.new"
        new.write_text(illness)
        new.rename(self.triggers / symbol)

    def infect(
        self, illness: str, victims: Iterable[str], act: Callable[[], Any], seconds: float = 40.0
    ) -> dict[str, Row]:
        """Make workers ill at once; wait until each was seen and healed, the others untouched."""
        before = {one["name"]: one for one in self.system.until_running()["workers"]}
        began_ns = time.time_ns()
        act()
        rows = {}
        for name in victims:
            what = f"{name} is healed of {illness}"
            rows[name] = until(what, lambda name=name: self.row(name, illness, began_ns), seconds)
        self.rows += rows.values()
        self.system.until_running()
        for one in self.system.status()["workers"]:
            if one["name"] not in rows:
                touched = f"{one['name']} was touched by {illness} of {[*rows]}"
                assert one["incarnation"] == before[one["name"]]["incarnation"], touched
        return rows

    def row(self, name: str, illness: str, began_ns: int) -> Row | None:
        """Return what the event log says of one illness, None while it is not healed."""
        found = [one for one in events(self.system, began_ns) if one["worker"] == name]
        seen = [one for one in found if one["event"] in SEEN]
        if not seen:
            return None
        first = seen[0]
        well = [one for one in found if one["event"] in WELL and one["at_ns"] > first["at_ns"]]
        last_ill = max(one["at_ns"] for one in seen)
        if not well or well[-1]["at_ns"] < last_ill:
            return None
        says = first["reason"] if first["event"] == "exited" else ""
        code = f" {first['code']}" if first["event"] == "exited" else ""
        return Row(
            name,
            illness,
            f"{first['event']} {says}{code}".strip().replace("exited signal", "dead by signal"),
            (first["at_ns"] - began_ns) / NS_PER_SECOND,
            _rungs(found),
            (well[-1]["at_ns"] - began_ns) / NS_PER_SECOND,
        )

    def write(self) -> None:
        """Append the rows to the file that `TICKVISOR_MATRIX` names, if it does."""
        if path := os.environ.get("TICKVISOR_MATRIX"):
            with Path(path).open("a") as file:
                file.writelines(f"{row.as_markdown()}\n" for row in self.rows)


def events(system: System, since_ns: int) -> list[dict[str, Any]]:
    """Return the newest events of a run, oldest first."""
    lines = (system.log_dir / "events.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines if line.endswith("}")]
    return [one for one in found if one["at_ns"] >= since_ns]


def _rungs(found: list[dict[str, Any]]) -> str:
    names = ("resubscribe", "reconnect", "renewing", "backoff")
    rungs = [one["event"] for one in found if one["event"] in names]
    if any(one["event"] == "first beat" for one in found):
        rungs.append("restart")
    return ", ".join(dict.fromkeys(rungs)) or "by itself"

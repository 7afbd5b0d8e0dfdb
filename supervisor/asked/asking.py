"""Asks a run's exchange worker, and shows its answers as tables."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from supervisor.asked.client import choose_project, request

ANSWER_SECONDS = 15.0


def ask(arguments: Namespace, command: str, seconds: float = ANSWER_SECONDS, **wanted: Any) -> Any:
    """Return the exchange worker's answer.

    Args:
        arguments: Of the command line: `project`, and `bots` if it takes any.
        command: What is asked.
        seconds: How long the answer may take.
        wanted: What the request says besides.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot or order.
        TickvisorError: It did not work, in part or at all.
    """
    project = choose_project(arguments.project)
    bots = getattr(arguments, "bots", [])
    return request(project, {"command": command, "bots": bots, **wanted}, seconds)


def show(rows: Sequence[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    """Print rows as an aligned table with the keys as its head, or as JSON."""
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    if not rows:
        sys.stdout.write(f"{nothing}\n")
        return
    table = [list(rows[0])] + [[_text(value) for value in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)

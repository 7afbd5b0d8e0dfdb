"""How a run was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Options:
    """How this run was asked for.

    Args:
        run_seconds: Stop by itself after this time; 0 = never.
        quiet: A viewer draws on the terminal: write only to the log.
        known_children: Children that are not workers (the viewer).
        on_running: Called once, with the status, when every worker is ready for the first time.
    """

    run_seconds: float = 0.0
    quiet: bool = False
    known_children: frozenset[int] = frozenset()
    on_running: Callable[[dict[str, Any]], None] | None = None

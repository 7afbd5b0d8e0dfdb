"""What a worker wrote last: a traceback, a C library's abort, whatever it was."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from lib.redaction import redact
from supervisor.record.events import LINES

MOST_BYTES = 8_192
MOST_LINES = 20
NOISE = "Extension modules: "
"""Begins a line of hundreds of names that ends the traceback of a crash in C."""
LONGEST = 300
"""Characters of one line."""


def size_of(path: Path) -> int:
    """Return the size of a log, 0 when there is none: where the next life's words begin."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def last_words(path: Path, begin: int) -> list[str]:
    """Return the last lines that a life wrote, oldest first, without secrets.

    Args:
        path: The worker's log.
        begin: Its size when the life began; when it is smaller now, it was rotated since.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = max(begin if begin <= size else 0, size - MOST_BYTES)
            text = os.pread(file.fileno(), size - start, start).decode("utf-8", "replace")
    except OSError:
        return []
    lines = [
        line.rstrip()
        for line in redact(text).split("\n")
        if line.strip() and not line.startswith(NOISE)
    ]
    return [line[:LONGEST] for line in lines[-MOST_LINES:]]


def end_facts(facts: Mapping[str, object], said: list[str]) -> dict[str, object]:
    """Return what else is known of an end: the signal's name, and what was said last."""
    found: dict[str, object] = {}
    code = facts.get("code")
    if isinstance(code, int) and -code in set(signal.Signals):
        found["signal"] = signal.Signals(-code).name
    return {**found, LINES: said} if said else found

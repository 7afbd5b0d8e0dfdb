"""Folders of results."""

from pathlib import Path

RUNS = "runs"


def next_folder(project: str, parent: Path = Path(RUNS)) -> Path:
    """Return the next free folder `runs/PROJECT-N` (not made here)."""
    numbers = [
        int(tail)
        for path in parent.glob(f"{project}-*")
        if (tail := path.name.removeprefix(f"{project}-")).isdecimal()
    ]
    return parent / f"{project}-{max(numbers, default=0) + 1}"

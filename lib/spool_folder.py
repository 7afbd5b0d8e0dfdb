"""Which spool belongs to which process, and what becomes of those whose process never returned."""

import contextlib
import hashlib
import re
from pathlib import Path

from lib.spool import Spool

TAKEN = 10
"""Processes of one name that may run at once, each with a spool of its own."""
COPY = 1_000


def open_spool(folder: Path, target: str, label: str, max_bytes: int) -> Spool | None:
    """Return the spool for what one process has for one database; None when the disk refuses.

    Args:
        folder: The project's folder of spools.
        target: Names the database.
        label: Names the process.
        max_bytes: Bound of the spool.
    """
    home = folder / _slug(target)
    for number in range(TAKEN):
        name = _slug(label) if number == 0 else f"{_slug(label)}+{number}"
        with contextlib.suppress(OSError):
            return Spool(home / name, max_bytes)
    return None


def adopt(spool: Spool) -> int:
    """Move into `spool` what waits in its siblings that no process holds; return the number.

    A record may be moved twice when the process dies meanwhile; writing it twice does no harm.
    """
    moved = 0
    if not spool.folder.parent.is_dir():
        return 0
    for folder in sorted(spool.folder.parent.iterdir()):
        if folder != spool.folder and folder.is_dir():
            with contextlib.suppress(OSError):
                moved += _empty(Spool(folder, spool.max_bytes), spool)
    return moved


def _empty(source: Spool, target: Spool) -> int:
    moved = 0
    try:
        while texts := source.peek(COPY):
            fitted = target.append(texts)
            source.remove(fitted)
            moved += fitted
            if fitted < len(texts):
                return moved
        for leftover in ("cursor", "cursor.draft", "draft", "lock"):
            (source.folder / leftover).unlink(missing_ok=True)
        source.folder.rmdir()
    finally:
        source.close()
    return moved


def _slug(text: str) -> str:
    plain = re.sub(r"[^-.0-9A-Za-z]+", "_", text).strip("_.")[:40]
    # Two names that look the same as a folder stay two.
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

"""How a user gets at our command from the shell they are in."""

import os
import shutil
import sys
from pathlib import Path

COMMAND = "supervisor"
ACTIVATE = "activate"


def activation(folder: Path | None = None, path: str | None = None) -> str:
    """Return what must be typed before `supervisor` works; empty when it works as it is.

    `scripts/start` runs the command of a virtual environment that no shell has been told of.

    Args:
        folder: Where this Python's commands are; that of the running one by default.
        path: Where the shell looks; `$PATH` by default.
    """
    own = folder or Path(sys.executable).parent
    found = shutil.which(COMMAND, path=path)
    if found and Path(found).parent == own:
        return ""
    if not (own / ACTIVATE).exists():
        return ""
    near = os.path.relpath(own / ACTIVATE)
    return f"source {own / ACTIVATE if near.startswith(os.pardir) else near}"

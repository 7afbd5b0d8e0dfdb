"""Finds config files that show a secret to other users of the machine."""

import re
import stat
from collections.abc import Iterable
from pathlib import Path

from lib.redaction import is_secret_name

OTHERS = stat.S_IRWXG | stat.S_IRWXO
LITERAL = re.compile(r"(?P<name>[\w-]+)\s*:\s*(?P<value>[^\s#{}\[\],][^#,}]*)")


def exposure_warnings(paths: Iterable[Path]) -> list[str]:
    """Return one line for each file that holds a secret and that others may read.

    A secret is a value that is written out (no `${NAME}`) under a secret's name.
    """
    warnings = []
    for path in paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & OTHERS and _holds_secret(path.read_text(errors="replace")):
            warnings.append(
                f"{path} holds a secret and can be read by others (mode {mode:04o}); "
                f"run `chmod 600 {path}`"
            )
    return warnings


def _holds_secret(text: str) -> bool:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    pairs = (pair for line in lines for pair in LITERAL.finditer(line))
    return any(
        is_secret_name(pair["name"]) and not pair["value"].strip("'\" ").startswith("${")
        for pair in pairs
    )

"""Puts tables that a script makes between the markers of a page of the documentation."""

import sys
from pathlib import Path

END = "<!-- end -->"


def renewed(page: str, script: str, tables: dict[str, list[str]]) -> str:
    """Return a page with its tables made anew.

    Args:
        page: Its text.
        script: File name of the script, as the markers have it.
        tables: Marker -> lines.
    """
    for marker, lines in tables.items():
        begin = f"<!-- made by scripts/{script}: {marker} -->"
        before, _, rest = page.partition(begin)
        if not rest:
            raise SystemExit(f"there is no marker {begin}")
        _, _, after = rest.partition(END)
        page = "\n".join([before + begin, *lines, END]) + after
    return page


def main(path: Path, script: str, tables: dict[str, list[str]], arguments: list[str]) -> int:
    """Write a page, or with `--check` say whether it is current; return an exit code."""
    page = path.read_text(encoding="utf-8")
    new = renewed(page, script, tables)
    if "--check" not in arguments:
        path.write_text(new, encoding="utf-8")
    elif page != new:
        message = f"docs/{path.name} is not current: run python scripts/{script}"
        print(message, file=sys.stderr)
        return 1
    return 0

"""`supervisor reload`: a changed configuration, taken over while everything runs."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from lib.constants import ExitCode
from lib.errors import ConfigError, TickvisorError
from supervisor.asked.client import choose_project, request

SECONDS = 600.0
"""What it may take: workers are restarted one by one."""
FULL = "needs a full restart"
COLUMNS = ("mark", "name", "effect", "what")


def run(arguments: Namespace) -> int:
    """Show what a changed configuration changes, and take it over.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: The configuration is wrong (nothing is changed then), or several runs are
            there and none is named.
        TickvisorError: It could not be taken over, in part or at all.
    """
    if arguments.add and not arguments.config:
        raise ConfigError("`reload --add` needs the CONFIG that it is added to")
    files = [str(Path(path).absolute()) for path in (arguments.config, *arguments.add) if path]
    project = choose_project(arguments.project)
    message = {
        "command": "reload",
        "files": files,
        "dry_run": arguments.dry_run,
        "yes": arguments.yes,
    }
    reply = request(project, message, SECONDS)
    for warning in reply["warnings"]:
        sys.stderr.write(f"warning: {warning}\n")
    if not reply["changes"]:
        sys.stdout.write(f"{project} runs as {', '.join(reply['files'])} says: nothing to change\n")
        return ExitCode.DONE
    sys.stdout.write(table(reply["changes"]))
    return _tell(project, reply, dry_run=arguments.dry_run)


def table(changes: list[dict[str, str]]) -> str:
    """Return the differences as an aligned table."""
    widths = [max(len(change[key]) for change in changes) for key in COLUMNS]
    return "".join(
        "  ".join(
            change[key].ljust(width) for key, width in zip(COLUMNS, widths, strict=True)
        ).rstrip()
        + "\n"
        for change in changes
    )


def _tell(project: str, reply: dict[str, Any], *, dry_run: bool) -> int:
    full = [change["name"] for change in reply["changes"] if change["effect"] == FULL]
    if reply["trouble"]:
        is_refused = reply["exit"] == ExitCode.USAGE
        raise (ConfigError if is_refused else TickvisorError)(reply["trouble"])
    if reply["applied"]:
        sys.stdout.write(f"{project} has taken it over\n")
    if full and not dry_run:
        left = "stays as it is" if reply["applied"] else "nothing was changed"
        hint = "" if reply["applied"] else "; --yes takes over the rest"
        sys.stderr.write(
            f"supervisor: {', '.join(full)}: needs `supervisor stop` and `start`; {left}{hint}\n"
        )
        return ExitCode.DONE if reply["applied"] else ExitCode.ERROR
    if dry_run:
        sys.stdout.write("nothing was changed (--dry-run)\n")
    return ExitCode.DONE

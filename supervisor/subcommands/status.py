"""`supervisor status`: what runs, and how it is."""

import importlib
import json
import os
import sys
from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.client import choose_project, status


def run(arguments: Namespace) -> int:
    """Print the status of a run; exit code 0 when all is well, 4 when some worker is not ready.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do, and none is named.
    """
    project = choose_project(arguments.project)
    if arguments.watch:
        # rich takes longer to import than everything else takes to run
        return int(importlib.import_module("supervisor.terminal.screen").show(project))
    found = status(project)
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else 0
        sys.stdout.write(importlib.import_module("supervisor.terminal.render").table(found, width))
    return ExitCode.DONE if found["state"] == "running" else ExitCode.DEGRADED

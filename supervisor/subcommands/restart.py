"""`supervisor restart`: new lives for some workers, or all."""

import sys
from argparse import Namespace

from lib.constants import ExitCode
from supervisor.client import choose_project, request


def run(arguments: Namespace) -> int:
    """Restart workers; without names all of them.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such worker.
        TickvisorError: It did not work.
    """
    project = choose_project(arguments.project)
    message = {"command": "restart", "workers": arguments.workers}
    reply = request(project, message)
    sys.stdout.write(f"{project}: restarting {', '.join(reply['workers'])}\n")
    return ExitCode.DONE

"""`supervisor restart`: new lives for some workers, or all."""

import sys
from argparse import Namespace

from lib.constants import ExitCode
from lib.errors import ConfigError
from supervisor.asked.client import choose_project, request

SECONDS = 600.0
"""What it may take: workers are restarted one by one."""


def run(arguments: Namespace) -> int:
    """Restart workers and wait until they are ready again; without names all of them.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such worker.
        TickvisorError: It did not work.
    """
    if arguments.all and arguments.workers:
        raise ConfigError("`restart` takes either names or --all")
    project = choose_project(arguments.project)
    message = {"command": "restart", "workers": arguments.workers}
    reply = request(project, message, SECONDS)
    sys.stdout.write(f"{project}: restarted {', '.join(reply['workers'])}\n")
    return ExitCode.DONE

"""`supervisor resolve`: call an order of unknown fate not placed."""

import sys
from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.asking import ask


def run(arguments: Namespace) -> int:
    """End an order that nobody can find, so that its symbol is free again.

    Should it appear after all, it is cancelled.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot.
        TickvisorError: It did not work.
    """
    reply = ask(arguments, "resolve", id=arguments.id)
    sys.stdout.write(f"{reply['order']}: {reply['status']}\n")
    return ExitCode.DONE

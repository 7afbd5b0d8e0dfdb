"""`supervisor reconcile`: read the account again and set the belief right."""

import sys
from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.asking import ask

WAIT_SECONDS = 30.0


def run(arguments: Namespace) -> int:
    """Compare belief with the exchange now.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot.
        TickvisorError: It did not work.
    """
    reply = ask(arguments, "reconcile", WAIT_SECONDS)
    sys.stdout.write(
        f"{reply['corrections']} corrections, {reply['fills']} fills found"
        + ("\n" if reply["complete"] else "; not complete: the exchange could not be read\n")
    )
    return ExitCode.DONE if reply["complete"] else ExitCode.ERROR

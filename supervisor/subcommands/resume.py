"""`supervisor resume`: let halted or paused bots add risk again."""

import sys
from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.asking import ask


def run(arguments: Namespace) -> int:
    """Open the latches of bots, or of all.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot.
        TickvisorError: It did not work.
    """
    reply = ask(arguments, "resume")
    left = ", ".join(reply["halted"]).replace("*", "everyone")
    sys.stdout.write(f"resumed; still halted: {left}\n" if left else "resumed\n")
    return ExitCode.DONE

"""`supervisor halt`: bots that may add no risk until `resume`."""

import sys
from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.asking import ask

SLACK_SECONDS = 10.0


def run(arguments: Namespace) -> int:
    """Halt bots, or all; with `--flatten` close their positions, too.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot.
        NotYet: New risk stops now, the rest follows when the exchange worker is back.
        TickvisorError: It did not work.
    """
    seconds = float(arguments.within)
    wanted = {"flatten": arguments.flatten, "within": seconds, "reason": arguments.reason}
    reply = ask(arguments, "halt", seconds + SLACK_SECONDS, **wanted)
    done = "halted and flat" if arguments.flatten else "halted"
    sys.stdout.write(f"{done}: {', '.join(reply['halted']).replace('*', 'everyone')}\n")
    return ExitCode.DONE

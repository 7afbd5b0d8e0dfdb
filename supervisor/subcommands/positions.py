"""`supervisor positions`: positions, as believed and as the exchange says."""

from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.asking import ask, show


def run(arguments: Namespace) -> int:
    """Show positions, as believed and as the exchange says.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot.
        TickvisorError: It did not work.
    """
    rows = ask(arguments, "positions")["positions"]
    show(rows, as_json=arguments.json, nothing="no positions")
    return ExitCode.DONE

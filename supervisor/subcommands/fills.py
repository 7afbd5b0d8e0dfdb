"""`supervisor fills`: the newest fills from the orders' journal."""

from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.asking import ask, show


def run(arguments: Namespace) -> int:
    """Show the newest fills from the orders' journal.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot.
        TickvisorError: It did not work.
    """
    rows = ask(arguments, "fills", limit=arguments.lines)["fills"]
    show(rows, as_json=arguments.json, nothing="no fills")
    return ExitCode.DONE
